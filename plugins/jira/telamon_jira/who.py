"""Which account is meant by an account id, an e-mail address or a name; nobody is ever guessed."""

import re
from typing import Any, Never

from pydantic import Field, create_model

from telamon.plugin import Call, CannotAsk, InvalidArgument
from telamon_jira.client import Jira
from telamon_jira.values import members, objects

ACCOUNT_ID = re.compile(r"-1|[\w-]+(:[\w-]+)+|(?=[A-Za-z]*[0-9])[A-Za-z0-9]{24,128}", re.ASCII)
"""Unmistakably an account id; ``-1`` is Jira's word for the default assignee."""

PERHAPS_ID = re.compile(r"[\w:-]{1,128}", re.ASCII)
SEARCHED = 50
OFFERED = 20
"""More candidates than this are no choice any more."""
NAMED_BY = ("accountId", "id", "emailAddress", "email", "displayName", "name")


class People:
    """The people of one call: each is looked up, and asked about, at most once.

    Without *call* nobody is asked. Whom a part of a name turned out to mean is in ``meant``.
    """

    def __init__(self, jira: Jira, call: Call | None) -> None:
        self._jira = jira
        self._call = call
        self._known = {jira.api.account_id: jira.api.account_id}
        self.meant: dict[str, str] = {}

    def ask_no_more(self) -> None:
        """Put no further question: something is about to change, and a call may be run anew."""
        self._call = None

    async def account(self, person: str) -> str:
        """Return the account id of *person*; several matches are put to the user.

        Raises:
            InvalidArgument: Nobody or several match, and the user did not choose.
        """
        text = person.strip()
        if ACCOUNT_ID.fullmatch(text):
            return text
        if text not in self._known:
            self._known[text] = await self._found(text)
        return self._known[text]

    async def value(self, value: Any) -> Any:
        """Return the value of a field for one person; what names nobody is passed as data."""
        found = members(value)
        named = next((found[word] for word in NAMED_BY if found.get(word)), value)
        if not isinstance(named, str) or not named.strip():
            return value
        account = await self.account(named)
        return value if account in (found.get("accountId"), found.get("id")) else {"id": account}

    async def _found(self, text: str) -> str:
        found = _meant(text, await self._search(query=text))
        if not found and PERHAPS_ID.fullmatch(text):
            found = await self._search(accountId=text)
        if not found:
            raise InvalidArgument(
                f"Jira finds nobody by {text!r}: give the whole name, the e-mail address or the "
                "account id (people can hide their address, and an administrator the search)."
            )
        if len(found) > 1:
            return await self._chosen(text, found)
        if not _names_in_full(text, found[0]):
            self.meant[text] = _label(found[0])
        return str(found[0]["accountId"])

    async def _search(self, **query: str) -> list[dict[str, Any]]:
        answer = await self._jira.api.get(
            "/rest/api/3/user/search", {**query, "maxResults": SEARCHED}
        )
        return [user for user in objects(answer) if user.get("accountId")]

    async def _chosen(self, text: str, found: list[dict[str, Any]]) -> str:
        if self._call is None or len(found) > OFFERED:
            _refuse(text, found)
        offered = {_label(user): str(user["accountId"]) for user in found}
        choice = create_model(
            "Choice",
            person=(str, Field(title="Person", json_schema_extra={"enum": [*offered]})),
        )
        try:
            answer = await self._call.ask(f"person {text}", f"Who is meant by {text!r}?", choice)
        except CannotAsk:
            _refuse(text, found)
        chosen = answer.value.model_dump()["person"] if answer.value else None
        if chosen not in offered:
            _refuse(text, found)
        return offered[chosen]


def _meant(text: str, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return whom *text* names in full, else everybody whose name or address begins with it."""
    people = [user for user in found if user.get("accountType") != "app"]
    return [user for user in people if _names_in_full(text, user)] or people


def _names_in_full(text: str, user: dict[str, Any]) -> bool:
    words = (user.get(word) for word in ("displayName", "emailAddress", "accountId"))
    return text.casefold() in (str(word).casefold() for word in words if word)


def _label(user: dict[str, Any]) -> str:
    return f"{user.get('displayName')} ({user.get('emailAddress') or user['accountId']})"


def _refuse(text: str, found: list[dict[str, Any]]) -> Never:
    people = [f"{user.get('displayName')} (account id {user['accountId']})" for user in found]
    more = f" and {len(people) - OFFERED} or more others" if len(people) > OFFERED else ""
    raise InvalidArgument(
        f"{text!r} may be {', '.join(people[:OFFERED])}{more}: pass the account id."
    )
