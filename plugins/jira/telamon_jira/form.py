"""Filling in a form of Jira's: fields by id or name, values in plain words, texts in Markdown.

The form's own description is read only when something needs it: a field's name, text for a custom
field, or a refusal. Jira refuses a request as a whole, so a refused one can be mended and sent
again.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from telamon.plugin import Conflict, InvalidArgument, Json, Rejected, ToolError
from telamon_jira import writing
from telamon_jira.field_names import CUSTOM_ID, SYSTEM, Screen, asks_for_screen, resolve
from telamon_jira.field_values import Misfit, fit, is_for_people, kind_of, wants
from telamon_jira.values import items, members
from telamon_jira.who import People

ReadScreen = Callable[[], Awaitable[Screen]]
"""Reads which fields the form has; raises InvalidArgument if there is no such form at all."""
Send = Callable[[dict[str, Any]], Awaitable[Json]]

NOT_ASKED_FOR = frozenset({"project", "issuetype"})
"""They choose the form, so it need not explain them."""


class Form:
    """One issue's values on their way into Jira.

    *stored* reads the texts that an edit replaces; what these hold is lost only if *allow_loss*.
    """

    def __init__(
        self,
        read: ReadScreen,
        people: People,
        stored: writing.Stored | None = None,
        *,
        allow_loss: bool = False,
    ) -> None:
        self._read = read
        self._people = people
        self._stored = stored
        self._allow_loss = allow_loss
        self._screen: Screen = {}
        self._was_read = False
        self._given: dict[str, Any] = {}
        self._ready: dict[str, Any] = {}
        self._areas: set[str] = set()
        self._before: dict[str, Any] = {}
        self._gone: list[str] = []

    async def send(self, send: Send, values: Mapping[str, Any]) -> Json:
        """Fill in *values* and send them, once more if a refusal shows how they are meant.

        Raises:
            InvalidArgument: Fields or values are not clear; nothing was sent.
            Rejected: Jira refused them; the sentence says what the refused fields want.
        """
        return await self.deliver(send, await self.fill(values))

    async def deliver(self, send: Send, body: dict[str, Any]) -> Json:
        """Send what :meth:`fill` gave, once more if a refusal shows how it is meant."""
        while True:
            try:
                return await send(body)
            except Rejected as refusal:
                body = await self.mend(refusal)

    async def fill(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return *values* as Jira takes them."""
        if problems := await self.problems(values):
            raise InvalidArgument(" ".join(problems))
        return await self._documents()

    async def problems(self, values: Mapping[str, Any]) -> list[str]:
        """Take *values* in, and return what is wrong with them."""
        if asks_for_screen(values):
            await self.screen()
        named, unclear = resolve(values, self._screen)
        self._given = {named[key]: value for key, value in values.items() if key in named}
        return [*unclear, *await self._fit()]

    @property
    def dropped(self) -> list[str]:
        """What the stored texts hold and the filled in ones do not."""
        return self._gone

    @property
    def given(self) -> Mapping[str, Any]:
        """What was taken in, by field id, as it was given."""
        return self._given

    async def screen(self) -> Screen:
        """Return the form's fields, read at most once."""
        if not self._was_read:
            self._screen = await self._read()
            self._was_read = True
        return self._screen

    async def mend(self, refusal: Rejected) -> dict[str, Any]:
        """Return what to send after *refusal*.

        Raises:
            Rejected: There is nothing better to send; the sentence says what the fields want.
        """
        if isinstance(refusal, Conflict) or not refusal.fields:
            raise refusal
        refused = self._ready
        try:
            screen = await self.screen()
        except InvalidArgument as better:
            raise Rejected(str(better), fields=refusal.fields) from refusal
        except ToolError:  # no word on the form: the refusal says more than this would
            raise refusal from None
        areas = {
            name
            for name, problem in refusal.fields.items()
            if "Atlassian Document" in problem and isinstance(refused.get(name), str)
        }
        news = areas - self._areas
        self._areas |= areas
        misfits = await self._fit()
        if misfits or (self._ready == refused and not news):
            said = misfits or [
                wants(name, screen[name])
                for name in refusal.fields
                if name in screen and name not in NOT_ASKED_FOR
            ]
            raise Rejected(" ".join([str(refusal), *said]), fields=refusal.fields) from refusal
        return await self._documents()

    async def _fit(self) -> list[str]:
        problems: list[str] = []
        self._ready = {}
        for name, value in self._given.items():
            meta = self._screen.get(name) or SYSTEM.get(name)
            if meta is None:
                self._ready[name] = value
                continue
            if kind_of(meta) == "document":
                self._areas.add(name)
            try:
                fitting = fit(meta, value)
            except Misfit as misfit:
                problems.append(f"{wants(name, meta)[:-1]}; not {misfit}.")
                continue
            self._ready[name] = await self._people_in(fitting) if is_for_people(meta) else fitting
        return problems

    async def _people_in(self, value: Any) -> Any:
        if isinstance(value, list):
            return [await self._people.value(item) for item in items(value)]
        return await self._people.value(value)

    async def _documents(self) -> dict[str, Any]:
        texts = {name for name in self._areas if isinstance(self._ready.get(name), str)}
        if self._stored and (unread := self._replacing() - self._before.keys()):
            self._before.update(dict.fromkeys(unread) | dict(await self._stored(unread)))
        body = {
            name: await writing.adf(value, self._before.get(name)) if name in texts else value
            for name, value in self._ready.items()
        }
        self._gone = [
            f"{name}: {loss}"
            for name, before in self._before.items()
            for loss in await writing.losses(before, body.get(name))
        ]
        writing.refuse_loss(self._gone, allowed=self._allow_loss)
        return body

    def _replacing(self) -> set[str]:
        """Return the fields whose value may take the place of a stored text."""
        return {
            name
            for name, value in self._ready.items()
            if name in self._areas
            or (
                CUSTOM_ID.fullmatch(name) and (value is None or members(value).get("type") == "doc")
            )
        }
