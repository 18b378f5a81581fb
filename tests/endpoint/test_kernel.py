"""A contract with the SDK: the names that we use are there and do what we build on."""

import inspect
from pathlib import Path

import pytest

import telamon.endpoint
from telamon.endpoint import kernel


def test_every_name_we_use_is_there() -> None:
    assert [name for name in kernel.__all__ if not hasattr(kernel, name)] == []


def test_no_other_module_of_ours_imports_the_sdk() -> None:
    users = [
        file.name
        for file in Path(str(telamon.endpoint.__file__)).parent.glob("*.py")
        if any(
            line.startswith(("import mcp", "from mcp")) for line in file.read_text().splitlines()
        )
    ]
    assert users == ["kernel.py"]


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (kernel.serve_one, ["server", "dctx", "method", "params", "connection", "lifespan_state"]),
        (kernel.serve_loop, ["server", "read_stream", "write_stream", "lifespan_state"]),
        (kernel.classify_inbound_request, ["body", "headers"]),
        (kernel.validate_mcp_param_headers, ["input_schema", "arguments", "headers"]),
    ],
)
def test_the_drivers_take_what_we_give_them(function: object, parameters: list[str]) -> None:
    assert callable(function)
    found = list(inspect.signature(function).parameters)
    assert [name for name in parameters if name not in found] == []


def test_the_revisions_are_the_ones_we_serve() -> None:
    assert kernel.HANDSHAKE_PROTOCOL_VERSIONS == (
        "2024-11-05",
        "2025-03-26",
        "2025-06-18",
        "2025-11-25",
    )
    assert kernel.MODERN_PROTOCOL_VERSIONS == ("2026-07-28",)
    assert kernel.LATEST_HANDSHAKE_VERSION == "2025-11-25"
