"""Who can write to the database, and has a connection of the own, makes it nobody else's."""

import pytest
from fakes.records import NOW, a_code, a_family, a_refresh, an_access
from sqlalchemy import Table, update
from structlog.testing import capture_logs

from telamon.storage import Storage
from telamon.storage.schema import codes, families, tokens

pytestmark = pytest.mark.row("SEC-K04")
OF_FAMILIES = [
    {"account_id": "ben"},
    {"client_id": "another-client"},
    {"cloud_id": "another-site"},
    {"site_url": "https://another-site.example.com"},
    {"scopes": ["read:jira-work", "write:jira-work", "delete:jira-work"]},
    {"resource": "https://other.example.com/v1/mcp"},
]
OF_ROWS = [{"bond": None}, {"bond": b"x" * 32}, {"scopes": ["delete:toys"]}, {"family_id": "other"}]


async def run(storage: Storage, *tables: Table, **values: object) -> None:
    async with storage._database.engine.begin() as connection:
        for table in tables:
            await connection.execute(update(table).values(values))


async def redeem(storage: Storage) -> bool:
    given = {"access": an_access("at"), "refresh": a_refresh("rt")}
    return await storage.tokens.redeem("code", **given, now=NOW)


async def rotate(storage: Storage) -> bool:
    given = {"access": an_access("at-2"), "successor": a_refresh(), "replay": "answer"}
    return await storage.tokens.rotate("rt", **given, grace_until=NOW + 45, now=NOW)  # type: ignore[arg-type]


async def found(storage: Storage) -> list[bool]:
    kept = storage.tokens
    all_of_them = [await kept.code("code"), await kept.access("at"), await kept.refresh("rt")]
    return [each is not None for each in all_of_them]


@pytest.mark.parametrize(
    ("tables", "values"),
    [
        *(((families,), each) for each in OF_FAMILIES),
        *(((codes, tokens), each) for each in OF_ROWS),
    ],
)
async def test_a_code_or_token_that_is_made_anothers_or_worth_more_is_found_no_more(
    storage: Storage, tables: tuple[Table, ...], values: dict[str, object]
) -> None:
    await storage.tokens.add_code("other", a_code(a_family(id="other", account_id="ben")))
    await storage.tokens.add_code("code", a_code())
    assert await redeem(storage)
    assert await found(storage) == [True] * 3
    with capture_logs() as logs:
        await run(storage, *tables, **values)
        assert await found(storage) == [False] * 3
    assert [line["kind"] for line in logs] == ["code", "access", "refresh"]
    assert {line["event"] for line in logs} == {"token.bond.broken"}


async def test_what_is_changed_between_look_up_and_commit_brings_no_tokens(
    storage: Storage,
) -> None:
    await storage.tokens.add_code("code", a_code())
    await run(storage, families, account_id="ben")
    assert not await redeem(storage)
    await run(storage, families, account_id=a_family().account_id)
    await run(storage, codes, consumed_at=None)
    assert await redeem(storage)
    await run(storage, families, account_id="ben")
    assert not await rotate(storage)
    await run(storage, families, account_id=a_family().account_id, grant_id="newer")
    assert await storage.tokens.access("at-2") is None
    assert await found(storage) == [True] * 3
