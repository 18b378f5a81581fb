from dataclasses import dataclass, replace
from typing import Any

import pytest

from telamon.plugin import Api, Asking, Containers, Json, NotFound, Upload
from telamon.plugin.testing import FakeApi, InTurn

ANSWERS: dict[tuple[str, str], Any] = {
    (method, f"/rest/toys/{number}"): {"id": number, "box": box}
    for method in ("GET", "POST", "PUT", "DELETE")
    for number, box in (("1", "RED"), ("2", "BLUE"))
}


@dataclass
class BoxGuard:
    """Judges a toy by the unguarded answer, and hides the box itself."""

    api: Api
    allowed: frozenset[str]

    async def outgoing(self, asking: Asking) -> Asking:
        found = await self.api.get(asking.path, **asking.segments)
        if found["box"] not in self.allowed:
            raise NotFound("There is no such toy.")
        changed = {**asking.query, "box": ",".join(sorted(self.allowed))}
        return replace(asking, query=changed, method="PATCH", path="/rest/other")

    def incoming(self, asking: Asking, answer: Json) -> Json:
        return {"id": answer["id"], "asked": asking.method}


def guarded(fake: FakeApi) -> Api:
    return Containers(noun="boxes", key="[A-Z]+", guard=BoxGuard).guarded(fake, frozenset({"RED"}))


TOY = "/rest/toys/{toyId}"


async def test_every_request_and_answer_passes_the_guard() -> None:
    fake = FakeApi(answers=ANSWERS)
    api = guarded(fake)
    file = Upload(content=b"x", filename="x.txt")
    assert await api.get(TOY, toyId=1) == {"id": "1", "asked": "GET"}
    assert await api.post(TOY, {"a": 1}, toyId=1) == {"id": "1", "asked": "POST"}
    assert await api.read(TOY, {"a": 1}, toyId=1) == {"id": "1", "asked": "POST"}
    assert await api.put(TOY, {"a": 1}, toyId=1) == {"id": "1", "asked": "PUT"}
    assert await api.delete(TOY, toyId=1) == {"id": "1", "asked": "DELETE"}
    assert await api.upload(TOY, file, {"b": "2"}, toyId=1) == {"id": "1", "asked": "POST"}
    sent = [r for r in fake.requests if r.query]
    assert [r.method for r in sent] == ["GET", "POST", "POST", "PUT", "DELETE", "POST"]
    assert {r.query["box"] for r in sent} == {"RED"}
    assert {r.template for r in sent} == {TOY}, "a guard cannot swap the operation it judged"
    assert sent[-1].file == file
    assert (api.site, api.account_id, api.scopes) == (fake.site, fake.account_id, fake.scopes)


async def test_what_is_outside_is_neither_read_nor_changed() -> None:
    fake = FakeApi(answers=ANSWERS)
    api = guarded(fake)
    file = Upload(content=b"x", filename="x.txt")
    for attempt in (
        api.get(TOY, toyId=2),
        api.post(TOY, {}, toyId=2),
        api.read(TOY, {}, toyId=2),
        api.put(TOY, {}, toyId=2),
        api.delete(TOY, toyId=2),
        api.download(TOY, toyId=2, limit=10),
        api.upload(TOY, file, toyId=2, method="PUT"),
    ):
        with pytest.raises(NotFound, match="no such toy"):
            await attempt
    assert {(r.method, r.query.get("box")) for r in fake.requests} == {("GET", None)}


async def test_a_file_within_comes_as_it_is() -> None:
    fake = FakeApi(answers={("GET", "/rest/toys/1"): InTurn({"box": "RED"}, b"the file")})
    assert (await guarded(fake).download(TOY, toyId=1, limit=10)).content == b"the file"
