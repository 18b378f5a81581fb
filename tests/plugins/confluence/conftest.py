from collections.abc import Callable

import pytest
from fakes.confluence_api import EmulatedApi
from fakes.confluence_user import ADA, ALL_SCOPES, BEN, FERRY, SMALL, PageId, User

from telamon.plugin import Person, World
from telamon_confluence.sandbox import ConfluenceEmulator


@pytest.fixture
def world(clock: Callable[[], float]) -> World:
    return World(people=(ADA, BEN), sites=(FERRY, SMALL), now=clock)


@pytest.fixture
def emulator(world: World) -> ConfluenceEmulator:
    return ConfluenceEmulator(world)


def _user(emulator: ConfluenceEmulator, person: Person) -> User:
    return User(api=EmulatedApi(emulator=emulator, person=person, site=FERRY, scopes=ALL_SCOPES))


@pytest.fixture
def ada(emulator: ConfluenceEmulator) -> User:
    return _user(emulator, ADA)


@pytest.fixture
def ben(emulator: ConfluenceEmulator) -> User:
    return _user(emulator, BEN)


@pytest.fixture
def page_id(emulator: ConfluenceEmulator) -> PageId:
    def find(title: str) -> str:
        state = emulator._sites[FERRY.cloud_id]
        return next(str(item.id) for item in state.contents.values() if item.title == title)

    return find
