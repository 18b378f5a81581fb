"""Which account is meant by an account id, an e-mail address or a name; nobody is ever guessed."""

import asyncio
import re
from collections.abc import Iterable
from typing import Any, Never

from pydantic import Field, create_model

from telamon.plugin import Call, CannotAsk, InvalidArgument
from telamon_confluence import cql
from telamon_confluence.answers import part, results
from telamon_confluence.client import Confluence

_ACCOUNT_ID = re.compile(r"[\w-]+(:[\w-]+)+|(?=[A-Za-z]*[0-9])[A-Za-z0-9]{24,128}", re.ASCII)
"""Unmistakably an account id."""

_PERHAPS_ID = re.compile(r"[\w:-]{1,128}", re.ASCII)
_SEARCHED = 50
_OFFERED = 20
"""More candidates than this are no choice any more."""


async def accounts(confluence: Confluence, call: Call, people: Iterable[str]) -> dict[str, str]:
    """Return the account id of each of *people*; several matches are put to the user.

    Raises:
        InvalidArgument: Nobody or several match somebody, and the user did not choose.
    """
    wanted = list(dict.fromkeys(people))
    found = await asyncio.gather(*(_candidates(confluence, person) for person in wanted))
    chosen: dict[str, str] = {}
    for person, candidates in zip(wanted, found, strict=True):
        if len(candidates) == 1:
            chosen[person] = str(candidates[0]["accountId"])
        else:
            chosen[person] = await _chosen(call, person, candidates)
    return chosen


async def account(confluence: Confluence, call: Call, person: str | None) -> str | None:
    """Return the account id of *person*, as :func:`accounts` does."""
    return (await accounts(confluence, call, [person]))[person] if person else None


async def search(confluence: Confluence, words: str, limit: int) -> Any:
    """Search for people by the words of their names; of an address, by what stands before the @.

    Confluence searches names only.
    """
    named = re.sub(r"[._]", " ", words.partition("@")[0]) if "@" in words else words
    return await confluence.api.get(
        "/wiki/rest/api/search/user",
        {"cql": f"user.fullname ~ {cql.words(named)}", "limit": limit},
    )


async def _candidates(confluence: Confluence, person: str) -> list[dict[str, Any]]:
    text = person.strip()
    if text == confluence.api.account_id or _ACCOUNT_ID.fullmatch(text):
        return [{"accountId": text}]
    if text.casefold() == "me":
        return [{"accountId": confluence.api.account_id}]
    answer = await search(confluence, text, _SEARCHED)
    found = [
        user
        for user in (part(item, "user") for item in results(answer))
        if user.get("accountId") and user.get("accountType") != "app"
    ]
    wanted = text.casefold()
    exact = [user for user in found if wanted in (_name(user), str(user.get("email")).casefold())]
    candidates = exact if exact or "@" in text else found
    if not candidates and _PERHAPS_ID.fullmatch(text) and await confluence.names([text]):
        return [{"accountId": text}]
    if not candidates:
        raise InvalidArgument(
            f"Confluence finds nobody by {text!r}: give the whole name or the account id; an "
            "e-mail address finds only those who show theirs."
        )
    return candidates


async def _chosen(call: Call, person: str, found: list[dict[str, Any]]) -> str:
    if len(found) > _OFFERED:
        _refuse(person, found)
    offered = {
        f"{user.get('displayName')} ({user.get('email') or user['accountId']})": str(
            user["accountId"]
        )
        for user in found
    }
    choice = create_model(
        "Choice",
        person=(str, Field(title="Person", json_schema_extra={"enum": [*offered]})),
    )
    try:
        answer = await call.ask(f"person {person}", f"Who is meant by {person!r}?", choice)
    except CannotAsk:
        _refuse(person, found)
    chosen = answer.value.model_dump()["person"] if answer.value else None
    if chosen not in offered:
        _refuse(person, found)
    return offered[chosen]


def _name(user: dict[str, Any]) -> str:
    return str(user.get("displayName") or user.get("publicName")).casefold()


def _refuse(person: str, found: list[dict[str, Any]]) -> Never:
    people = [f"{user.get('displayName')} (account id {user['accountId']})" for user in found]
    more = f" and {len(people) - _OFFERED} or more others" if len(people) > _OFFERED else ""
    raise InvalidArgument(
        f"{person!r} may be {', '.join(people[:_OFFERED])}{more}: pass the account id."
    )
