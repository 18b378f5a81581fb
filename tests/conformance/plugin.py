"""The suite's fixtures as an ordinary plugin: all that the contract can say.

Names and texts are the suite's; see the descriptions of its scenarios.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Concatenate, Literal, ParamSpec

from pydantic import BaseModel, Field, WithJsonSchema

from telamon.plugin import (
    Answer,
    Api,
    Audio,
    Call,
    Embedded,
    Image,
    Message,
    Product,
    Scope,
    Text,
    Tool,
    ToolError,
    prompt,
    tool,
)

FIXTURES = Scope("read:conformance-fixtures", "use the fixtures of the conformance suite")
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
SILENCE = base64.b64decode("UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=")
PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Nothing:
    """The client of a product that has nothing behind it."""


class NoSettings(BaseModel):
    """The fixtures have no settings."""


def connect(api: Api, settings: NoSettings) -> Nothing:
    del api, settings
    return Nothing()


P = ParamSpec("P")


def fixture(
    name: str,
) -> Callable[[Callable[Concatenate[Nothing, P], Awaitable[object]]], Tool[Nothing]]:
    return tool(FIXTURES, access="read", group="fixtures", title=name, name=name)


@fixture("test_simple_text")
async def simple_text(_: Nothing) -> str:
    """Return one text."""
    return "This is a simple text response for testing."


@fixture("test_image_content")
async def image_content(_: Nothing) -> Image:
    """Return one image."""
    return Image(PIXEL, "image/png")


@fixture("test_audio_content")
async def audio_content(_: Nothing) -> Audio:
    """Return one sound."""
    return Audio(SILENCE, "audio/wav")


@fixture("test_embedded_resource")
async def embedded_resource(_: Nothing) -> Embedded:
    """Return one embedded resource."""
    return Embedded(
        "test://embedded-resource", "This is an embedded resource content.", "text/plain"
    )


@fixture("test_multiple_content_types")
async def multiple_content_types(_: Nothing) -> list[Any]:
    """Return content of several kinds."""
    return [
        Text("Multiple content types test:"),
        Image(PIXEL, "image/png"),
        Embedded(
            "test://mixed-content-resource", '{"test":"data","value":123}', "application/json"
        ),
    ]


@fixture("test_tool_with_logging")
async def tool_with_logging(_: Nothing, call: Call) -> str:
    """Send three log lines."""
    await call.log("info", "Tool execution started")
    await asyncio.sleep(PAUSE)
    await call.log("info", "Tool processing data")
    await asyncio.sleep(PAUSE)
    await call.log("info", "Tool execution completed")
    return "Tool with logging executed successfully"


@fixture("test_logging_tool")
async def logging_tool(_: Nothing, call: Call) -> str:
    """Send a log line and some progress."""
    await call.log("info", "This is for those who asked for it")
    await call.progress(1, 1)
    return "Logged."


@fixture("test_tool_with_progress")
async def tool_with_progress(_: Nothing, call: Call) -> str:
    """Report progress three times."""
    await call.progress(0, 100)
    await asyncio.sleep(PAUSE)
    await call.progress(50, 100)
    await asyncio.sleep(PAUSE)
    await call.progress(100, 100)
    return "Done with progress."


@fixture("test_error_handling")
async def error_handling(_: Nothing) -> str:
    """Fail."""
    raise ToolError("This tool intentionally returns an error for testing")


class User(BaseModel):
    username: Annotated[str, Field(description="User's response")]
    email: Annotated[str, Field(description="User's email address")]


class Defaults(BaseModel):
    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: Literal["active", "inactive", "pending"] = "active"
    verified: bool = True


def _titled(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"const": value, "title": title} for value, title in pairs]


class Enums(BaseModel):
    untitledSingle: Literal["option1", "option2", "option3"]  # noqa: N815 - the suite's name
    titledSingle: Annotated[  # noqa: N815 - as above
        str,
        WithJsonSchema(
            {
                "type": "string",
                "oneOf": _titled(
                    ("value1", "First Option"),
                    ("value2", "Second Option"),
                    ("value3", "Third Option"),
                ),
            }
        ),
    ]
    legacyEnum: Annotated[  # noqa: N815 - as above
        str,
        WithJsonSchema(
            {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            }
        ),
    ]
    untitledMulti: list[Literal["option1", "option2", "option3"]]  # noqa: N815 - as above
    titledMulti: Annotated[  # noqa: N815 - as above
        list[str],
        WithJsonSchema(
            {
                "type": "array",
                "items": {
                    "anyOf": _titled(
                        ("value1", "First Choice"),
                        ("value2", "Second Choice"),
                        ("value3", "Third Choice"),
                    )
                },
            }
        ),
    ]


class Name(BaseModel):
    name: str


class Colour(BaseModel):
    color: str


class Confirmation(BaseModel):
    ok: bool


def _said(answer: Answer[Any]) -> str:
    content = answer.value.model_dump_json() if answer.value is not None else "{}"
    return f"action={answer.action}, content={content}"


@fixture("test_elicitation")
async def elicitation(_: Nothing, call: Call, *, message: str) -> str:
    """Ask the user for a name and an address."""
    return f"User response: {_said(await call.ask('user', message, User))}"


@fixture("test_elicitation_sep1034_defaults")
async def elicitation_defaults(_: Nothing, call: Call) -> str:
    """Ask with default values."""
    answer = await call.ask("defaults", "Please review these values", Defaults)
    return f"Elicitation completed: {_said(answer)}"


@fixture("test_elicitation_sep1330_enums")
async def elicitation_enums(_: Nothing, call: Call) -> str:
    """Ask with enumerations of every kind."""
    answer = await call.ask("enums", "Please choose", Enums)
    return f"Elicitation completed: {_said(answer)}"


@fixture("test_streaming_elicitation")
async def streaming_elicitation(_: Nothing, call: Call) -> str:
    """Report progress, then ask."""
    await call.progress(1, 2)
    return _said(await call.ask("user_name", "What is your name?", Name))


@fixture("test_input_required_result_elicitation")
async def input_required_elicitation(_: Nothing, call: Call) -> str:
    """Ask for a name."""
    answer = await call.ask("user_name", "What is your name?", Name)
    return f"Hello, {answer.value.name}!" if answer.value else "Hello, whoever you are!"


@fixture("test_input_required_result_request_state")
async def input_required_state(_: Nothing, call: Call) -> str:
    """Ask for a confirmation."""
    await call.ask("confirm", "Please confirm", Confirmation)
    return "state-ok"


@fixture("test_input_required_result_tampered_state")
async def input_required_tampered_state(_: Nothing, call: Call) -> str:
    """Ask for a confirmation whose state must not be touched."""
    await call.ask("confirm", "Please confirm", Confirmation)
    return "confirmed"


@fixture("test_input_required_result_multi_round")
async def input_required_rounds(_: Nothing, call: Call) -> str:
    """Ask two questions, one after the other."""
    name = await call.ask("step1", "Step 1: What is your name?", Name)
    colour = await call.ask("step2", "Step 2: What is your favorite color?", Colour)
    return f"{_said(name)}; {_said(colour)}"


@prompt(FIXTURES, title="Simple", name="test_simple_prompt")
async def simple_prompt(_: Nothing) -> str:
    """Write a prompt without arguments."""
    return "This is a simple prompt for testing."


@prompt(FIXTURES, title="With arguments", name="test_prompt_with_arguments")
async def prompt_with_arguments(_: Nothing, *, arg1: str, arg2: str) -> str:
    """Write a prompt with two arguments."""
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


@prompt(FIXTURES, title="With a resource", name="test_prompt_with_embedded_resource")
async def prompt_with_resource(_: Nothing, *, resource_uri: str) -> list[Message]:
    """Write a prompt with an embedded resource."""
    content = Embedded(resource_uri, "Embedded resource content for testing.", "text/plain")
    return [Message(content), Message("Please process the embedded resource above.")]


@prompt(FIXTURES, title="With an image", name="test_prompt_with_image")
async def prompt_with_image(_: Nothing) -> list[Message]:
    """Write a prompt with an image."""
    return [Message(Image(PIXEL, "image/png")), Message("Please analyze the image above.")]


PRODUCT = Product(
    name="conformance",
    title="Conformance fixtures",
    gateway="conformance",
    api_roots=("/",),
    settings=NoSettings,
    connect=connect,
    tools=(
        simple_text,
        image_content,
        audio_content,
        embedded_resource,
        multiple_content_types,
        tool_with_logging,
        logging_tool,
        tool_with_progress,
        error_handling,
        elicitation,
        elicitation_defaults,
        elicitation_enums,
        streaming_elicitation,
        input_required_elicitation,
        input_required_state,
        input_required_tampered_state,
        input_required_rounds,
    ),
    prompts=(simple_prompt, prompt_with_arguments, prompt_with_resource, prompt_with_image),
)
