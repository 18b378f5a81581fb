"""Questions to the user, in both eras.

The revisions before 2026-07-28 send the client a request and wait. Since then a call *ends* with
the question, and the client sends it again with the answer; ``requestState`` carries which question
that was and the answers to earlier ones, sealed and bound to user, tool and arguments by the
kernel's boundary. An answer that comes without its question is taken, but not where a yes matters.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Never

from pydantic import BaseModel, ValidationError

from telamon.endpoint.exchange import Context
from telamon.endpoint.kernel import (
    INVALID_PARAMS,
    MODERN_PROTOCOL_VERSIONS,
    MCPError,
    is_version_at_least,
    types,
)
from telamon.plugin import Answer, CannotAsk
from telamon.plugin.call import AnswerT

_FIRST_REVISION = "2025-06-18"
_ANSWER_SECONDS = 600.0
"""How long a person may think. A question holds a call, its stream and its session open until then,
and a client that never answers would hold them for ever."""


class NeedsAnswer(BaseException):
    """Ends the run of a tool whose question has no answer yet.

    Not an ``Exception``: no tool may catch it by mistake.
    """

    def __init__(self, result: types.InputRequiredResult) -> None:
        super().__init__()
        self.result = result


class Questions:
    """The questions of one call, and the answers that came with it."""

    def __init__(self, context: Context, params: types.CallToolRequestParams) -> None:
        self._context = context
        self._modern = context.protocol_version in MODERN_PROTOCOL_VERSIONS
        self._answers: dict[str, types.ElicitResult] = {}
        self._put = frozenset[str]()
        if self._modern:
            carried = _carried(params.request_state)
            given = {**(params.input_responses or {}), **{k: a for k, a in carried.items() if a}}
            self._answers = {
                key: each for key, each in given.items() if isinstance(each, types.ElicitResult)
            }
            self._put = frozenset(carried)

    async def ask(
        self, key: str, question: str, answer: type[AnswerT], *, unasked: bool = True
    ) -> Answer[AnswerT]:
        """Return the user's answer; with *unasked* one that came without the question will do.

        Raises:
            CannotAsk: The client did not declare elicitation with forms, or let the question wait
                for ten minutes.
            NeedsAnswer: The client has to ask its user and to call again.
            MCPError: -32602, the answer does not fit the question.
        """
        if not self._can_ask():
            raise CannotAsk(
                "This client cannot put a question to its user. Pass the answer as an argument "
                f"instead. The question was: {question}"
            )
        asked = types.ElicitRequestFormParams(
            message=question, requested_schema=form_schema(answer)
        )
        if not self._modern:
            given = await self._wait_for(asked)
        elif key in self._answers and (unasked or key in self._put):
            given = self._answers[key]
        else:
            self._stop_for(key, asked)
        return _read(key, given, answer)

    async def _wait_for(self, asked: types.ElicitRequestFormParams) -> types.ElicitResult:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await self._context.session.elicit_form(
                    asked.message, asked.requested_schema, self._context.request_id
                )
        except TimeoutError:
            raise CannotAsk(
                "The user did not answer in time. Call again when they can, or pass the answer as "
                f"an argument. The question was: {asked.message}"
            ) from None

    def _can_ask(self) -> bool:
        capabilities = self._context.session.client_capabilities
        if capabilities is None or capabilities.elicitation is None:
            return False
        if self._modern:
            return _has_forms(capabilities.elicitation)
        return (
            is_version_at_least(self._context.protocol_version, _FIRST_REVISION)
            and _has_forms(capabilities.elicitation)
            and self._context.session.can_send_request
        )

    def _stop_for(self, key: str, asked: types.ElicitRequestFormParams) -> Never:
        state: dict[str, Any] = {
            name: given.model_dump(mode="json", include={"action", "content"}, exclude_none=True)
            for name, given in self._answers.items()
        }
        raise NeedsAnswer(
            types.InputRequiredResult(
                input_requests={key: types.ElicitRequest(params=asked)},
                request_state=json.dumps({**state, key: None}),
            )
        )


def form_schema(answer: type[BaseModel]) -> dict[str, Any]:
    """Return the restricted JSON Schema of a form: flat, no references, no null branches.

    Titles stay: a person reads them (MCP 2025-11-25, elicitation, requested schema).
    """
    schema = answer.model_json_schema(by_alias=True)
    named = schema.get("$defs", {})
    return {
        "type": "object",
        "properties": {
            name: _flat(field, named) for name, field in schema.get("properties", {}).items()
        },
        "required": schema.get("required", []),
    }


def _flat(field: Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in field.items() if (key, value) != ("default", None)}
    branches = [each for each in kept.get("anyOf", []) if each != {"type": "null"}]
    if len(branches) == 1:
        kept.pop("anyOf")
        kept = {**branches[0], **kept}
    reference = kept.pop("$ref", None)
    if reference is not None:
        kept = {**named[reference.rpartition("/")[2]], **kept}
    return kept


def _has_forms(elicitation: types.ElicitationCapability) -> bool:
    """Tell whether forms are among the modes; a capability that names none means forms."""
    return elicitation.form is not None or elicitation.url is None


def _carried(state: str | None) -> Mapping[str, types.ElicitResult | None]:
    """Return the questions that were put, with their answers; the last one has none yet."""
    if state is None:
        return {}
    answers: dict[str, Any] = json.loads(state)
    return {
        key: given and types.ElicitResult.model_validate(given) for key, given in answers.items()
    }


def _read(key: str, given: types.ElicitResult, answer: type[AnswerT]) -> Answer[AnswerT]:
    if given.action != "accept":
        return Answer(action=given.action)
    try:
        return Answer(action="accept", value=answer.model_validate(given.content or {}))
    except ValidationError as error:
        fields = sorted({".".join(map(str, each["loc"])) for each in error.errors()})
        message = f"The answer to {key!r} does not fit the question: {', '.join(fields)}."
        raise MCPError(INVALID_PARAMS, message) from None
