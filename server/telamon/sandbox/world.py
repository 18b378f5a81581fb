"""The people and the sites that the sandbox has unless it is given others. All are made up."""

from telamon.plugin import Person, Site

PEOPLE = (
    Person(account_id="5b10a2844c20165700ede21a", name="Ada Example", email="ada@example.com"),
    Person(account_id="5b10ac8d82e05b22cc7d4ef5", name="Ben Example", email="ben@example.com"),
)

SITES = (
    Site(
        cloud_id="7a1c0f52-0d3e-4c1b-9a55-3f1de5a90001",
        url="https://demo-site.example.com",
        name="Demo Site",
    ),
    Site(
        cloud_id="7a1c0f52-0d3e-4c1b-9a55-3f1de5a90002",
        url="https://second-site.example.com",
        name="Second Site",
    ),
)
