"""How single settings have to be written, and the one sentence for those that are not.

A value that can never work is refused at the start, not found out by the first person it fails.
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, SecretStr, StringConstraints

from telamon.addresses import check_base_url, check_origin


def _written(form: str, said: str) -> AfterValidator:
    """Refuse, saying *said*, what is not written as *form*."""
    pattern = re.compile(form)

    def check(value: str) -> str:
        if pattern.fullmatch(value) is None:
            raise ValueError(said)
        return value

    return AfterValidator(check)


def _secret(value: SecretStr) -> SecretStr:
    if re.fullmatch(r"\S+", value.get_secret_value()) is None:
        raise ValueError("must be the secret alone: not empty, and without blanks")
    return value


def _network(value: Any) -> IPv4Network | IPv6Network:
    try:
        return ip_network(value)
    except ValueError:
        raise ValueError("must be a network such as 10.0.0.0/8, or one address") from None


HostName = Annotated[
    str,
    StringConstraints(to_lower=True),
    _written(
        r"[a-z0-9-]+(\.[a-z0-9-]+)*",
        "must be a host name such as example.com, with nothing before or behind it",
    ),
]
ContainerKey = Annotated[
    str,
    _written(r"~?[A-Za-z0-9][A-Za-z0-9_:.-]*", "must be the key of a project or a space"),
]
AccountId = Annotated[str, _written(r"[^\s,]+", "must be one Atlassian account id")]
Scheme = Annotated[
    str,
    _written(
        r"(?!https?$)[a-z][a-z0-9+.-]*",
        "must be a scheme of an app, such as cursor: in lower case, with nothing behind it",
    ),
]
Listening = Annotated[
    str, _written(r"\S+", "must be an address to listen at; 0.0.0.0 means all of IPv4")
]
ClientId = Annotated[
    str, _written(r"[\x21-\x7e]+", "must be the id alone: printable ASCII without blanks")
]
Shown = Annotated[
    str, StringConstraints(max_length=120), _written(r".*\S.*", "must be something to read")
]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
BaseUrl = Annotated[str, AfterValidator(check_base_url)]
Origin = Annotated[str, AfterValidator(check_origin)]
