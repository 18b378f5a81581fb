"""The suite's fixtures that a plugin cannot express, put straight onto the kernel's server.

Sampling, roots, closing a stream in mid-call, exact schemas, list-changed triggers: protocol
features that no product of ours needs and the contract therefore does not have.
"""

import base64
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from conformance.plugin import PIXEL

from telamon.endpoint.kernel import (
    INVALID_PARAMS,
    MODERN_PROTOCOL_VERSIONS,
    MCPError,
    Server,
    ServerMessageMetadata,
    types,
)

Run = Callable[[Any, types.CallToolRequestParams], Awaitable[Any]]
MISSING_CAPABILITY = -32021
RESOURCE_NOT_FOUND = -32002
NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}
PROMPT_ARGUMENT = {"type": "object", "properties": {"prompt": {"type": "string"}}}
SCHEMA_2020_12 = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
X_MCP_HEADER = {
    "type": "object",
    "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
}


def text(said: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=said)])


def sampling_request(question: str, tokens: int) -> types.CreateMessageRequest:
    message = types.SamplingMessage(role="user", content=types.TextContent(text=question))
    return types.CreateMessageRequest(
        params=types.CreateMessageRequestParams(messages=[message], max_tokens=tokens)
    )


def form(message: str, field: str, kind: str = "string") -> types.ElicitRequest:
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return types.ElicitRequest(
        params=types.ElicitRequestFormParams(message=message, requested_schema=schema)
    )


def ask_first(requests: dict[str, Any], *, state: str | None = None) -> Run:
    """Return a tool that asks *requests* and is done when all of them are answered."""

    async def run(_: Any, params: types.CallToolRequestParams) -> Any:
        answers = params.input_responses or {}
        if all(key in answers for key in requests):
            given = {key: answers[key].model_dump(mode="json") for key in requests}
            return text(json.dumps(given))
        return types.InputRequiredResult(input_requests=requests, request_state=state)

    return run


async def sampling(context: Any, params: types.CallToolRequestParams) -> Any:
    answer = await context.session.send_request(
        sampling_request(str((params.arguments or {}).get("prompt", "")), 100),
        types.CreateMessageResult,
        metadata=ServerMessageMetadata(related_request_id=context.request_id),
    )
    return text(f"LLM response: {answer.content.text}")


async def reconnection(context: Any, _: types.CallToolRequestParams) -> Any:
    if context.close_sse_stream is not None:
        await context.close_sse_stream()
    return text("Reconnection test completed")


async def missing_capability(context: Any, _: types.CallToolRequestParams) -> Any:
    capabilities = context.session.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        raise MCPError(
            MISSING_CAPABILITY,
            "Missing required client capability",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return text("The client can sample.")


async def capabilities_only(context: Any, params: types.CallToolRequestParams) -> Any:
    declared = context.session.client_capabilities
    requests: dict[str, Any] = {}
    if declared is not None and declared.sampling is not None:
        requests["question"] = sampling_request("What is the capital of France?", 100)
    if declared is not None and declared.elicitation is not None:
        requests["user_name"] = form("What is your name?", "name")
    return await ask_first(requests)(context, params)


async def nothing(_: Any, __: types.CallToolRequestParams) -> Any:
    return text("ok")


class Beyond:
    """Wraps handlers that the endpoint registered."""

    def __init__(self, server: Server[Any]) -> None:
        self._server = server
        listening = server.get_request_handler("subscriptions/listen")
        assert listening is not None
        self._listeners: Any = listening.handler
        everything = {
            "user_name": form("What is your name?", "name"),
            "greeting": sampling_request("Generate a greeting", 50),
            "client_roots": types.ListRootsRequest(),
        }
        capital = {"capital_question": sampling_request("What is the capital of France?", 100)}
        roots = {"client_roots": types.ListRootsRequest()}
        self._tools: dict[str, tuple[dict[str, Any], Run]] = {
            "test_sampling": (PROMPT_ARGUMENT, sampling),
            "test_reconnection": (NO_ARGUMENTS, reconnection),
            "json_schema_2020_12_tool": (SCHEMA_2020_12, nothing),
            "test_x_mcp_header": (X_MCP_HEADER, nothing),
            "test_missing_capability": (NO_ARGUMENTS, missing_capability),
            "test_trigger_tool_change": (NO_ARGUMENTS, self._trigger("tools")),
            "test_trigger_prompt_change": (NO_ARGUMENTS, self._trigger("prompts")),
            "test_input_required_result_sampling": (NO_ARGUMENTS, ask_first(capital)),
            "test_input_required_result_list_roots": (NO_ARGUMENTS, ask_first(roots)),
            "test_input_required_result_multiple_inputs": (
                NO_ARGUMENTS,
                ask_first(everything, state="several"),
            ),
            "test_input_required_result_capabilities": (NO_ARGUMENTS, capabilities_only),
        }
        self._before = {
            method: server.get_request_handler(method)
            for method in ("tools/list", "tools/call", "prompts/list", "prompts/get")
        }
        self._schemas = server.get_tool_input_schema
        server.get_tool_input_schema = self._schema
        put = server.add_request_handler
        put("tools/list", types.PaginatedRequestParams, self._list_tools)
        put("tools/call", types.CallToolRequestParams, self._call_tool)
        put("prompts/list", types.PaginatedRequestParams, self._list_prompts)
        put("prompts/get", types.GetPromptRequestParams, self._get_prompt)
        put("resources/list", types.PaginatedRequestParams, list_resources)
        put("resources/templates/list", types.PaginatedRequestParams, list_templates)
        put("resources/read", types.ReadResourceRequestParams, read_resource)
        put("resources/subscribe", types.SubscribeRequestParams, accept)
        put("resources/unsubscribe", types.UnsubscribeRequestParams, accept)
        put("completion/complete", types.CompleteRequestParams, complete)

    def _trigger(self, kind: str) -> Run:
        async def run(_: Any, __: types.CallToolRequestParams) -> Any:
            self._listeners.tell(kind)
            return text("published")

        return run

    def _schema(self, name: str) -> Any:
        if name in self._tools:
            return self._tools[name][0]
        return self._schemas(name) if self._schemas else None

    async def _pass_on(self, method: str, context: Any, params: Any) -> Any:
        entry = self._before[method]
        assert entry is not None
        return await entry.handler(context, params)

    async def _list_tools(self, context: Any, params: Any) -> Any:
        listed = await self._pass_on("tools/list", context, params)
        more = [
            types.Tool(name=name, description="A fixture.", input_schema=schema)
            for name, (schema, _) in self._tools.items()
        ]
        return types.ListToolsResult(tools=[*listed.tools, *more])

    async def _call_tool(self, context: Any, params: types.CallToolRequestParams) -> Any:
        if params.name in self._tools:
            return await self._tools[params.name][1](context, params)
        return await self._pass_on("tools/call", context, params)

    async def _list_prompts(self, context: Any, params: Any) -> Any:
        listed = await self._pass_on("prompts/list", context, params)
        more = types.Prompt(name="test_input_required_result_prompt", description="A fixture.")
        return types.ListPromptsResult(prompts=[*listed.prompts, more])

    async def _get_prompt(self, context: Any, params: types.GetPromptRequestParams) -> Any:
        if params.name != "test_input_required_result_prompt":
            return await self._pass_on("prompts/get", context, params)
        if "user_context" not in (params.input_responses or {}):
            question = form("What context should the prompt use?", "context")
            return types.InputRequiredResult(input_requests={"user_context": question})
        message = types.PromptMessage(role="user", content=types.TextContent(text="With context."))
        return types.GetPromptResult(messages=[message])


RESOURCES: dict[str, tuple[str, str | bytes]] = {
    "test://static-text": ("text/plain", "This is the content of the static text resource."),
    "test://static-binary": ("image/png", PIXEL),
    "test://watched-resource": ("text/plain", "Watched resource content."),
}


async def list_resources(_: Any, __: Any) -> types.ListResourcesResult:
    return types.ListResourcesResult(
        resources=[
            types.Resource(uri=uri, name=uri, mime_type=media_type, description="A fixture.")
            for uri, (media_type, _) in RESOURCES.items()
        ]
    )


async def list_templates(_: Any, __: Any) -> types.ListResourceTemplatesResult:
    template = types.ResourceTemplate(
        uri_template="test://template/{id}/data", name="data", mime_type="application/json"
    )
    return types.ListResourceTemplatesResult(resource_templates=[template])


async def read_resource(
    context: Any, params: types.ReadResourceRequestParams
) -> types.ReadResourceResult:
    uri = params.uri
    contents: types.TextResourceContents | types.BlobResourceContents
    if found := re.fullmatch(r"test://template/([^/]+)/data", uri):
        id_ = found[1]
        data = {"id": id_, "templateTest": True, "data": f"Data for ID: {id_}"}
        contents = types.TextResourceContents(
            uri=uri, mime_type="application/json", text=json.dumps(data)
        )
    elif uri in RESOURCES:
        media_type, said = RESOURCES[uri]
        if isinstance(said, str):
            contents = types.TextResourceContents(uri=uri, mime_type=media_type, text=said)
        else:
            blob = base64.b64encode(said).decode()
            contents = types.BlobResourceContents(uri=uri, mime_type=media_type, blob=blob)
    else:
        modern = context.protocol_version in MODERN_PROTOCOL_VERSIONS
        code = INVALID_PARAMS if modern else RESOURCE_NOT_FOUND
        raise MCPError(code, "Resource not found", {"uri": uri})
    return types.ReadResourceResult(contents=[contents])


async def accept(_: Any, __: Any) -> types.EmptyResult:
    return types.EmptyResult()


async def complete(_: Any, __: Any) -> types.CompleteResult:
    return types.CompleteResult(completion=types.Completion(values=[], total=0, has_more=False))
