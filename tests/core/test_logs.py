import io
import json
import logging

import pytest
import structlog

from telamon.logs import set_up
from telamon.settings import LogSettings

SECRETS = [
    "tlm_at_abcdefghijklmnopqrstuvwxyz",
    "eyJhbGciOiJIUzI1.eyJzdWIiOiIxIn0.c2ln",
    "ATATT3xFfGF0abcdef",
    "sesame-value",
]


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def start(level: str = "DEBUG") -> io.StringIO:
    stream = io.StringIO()
    set_up(LogSettings.model_validate({"level": level, "format": "json"}), stream)
    return stream


def test_an_event_is_one_json_line_with_its_values() -> None:
    stream = start()
    structlog.get_logger("telamon.x").info("grant.refreshed", grant_id="g1", seconds=0.25)
    (line,) = lines(stream)
    assert line["event"] == "grant.refreshed"
    assert (line["grant_id"], line["seconds"], line["level"]) == ("g1", 0.25, "info")


@pytest.mark.row("SEC-L01", "SEC-L03")
@pytest.mark.parametrize(
    ("event", "values"),
    [
        ("x", {"access_token": "sesame-value"}),
        ("x", {"body": {"refresh_token": "sesame-value", "code": "sesame-value"}}),
        ("x", {"header": "Bearer tlm_at_abcdefghijklmnopqrstuvwxyz"}),
        ("got Basic c2VzYW1lLXZhbHVl", {"list": ["eyJhbGciOiJIUzI1.eyJzdWIiOiIxIn0.c2ln"]}),
        ("x", {"url": "/callback?code=sesame-value&state=sesame-value"}),
        ("{'access_token': 'sesame-value'}", {}),
        ("x", {"what": ValueError("ATATT3xFfGF0abcdef")}),
    ],
)
def test_no_secret_reaches_the_log(event: str, values: dict[str, object]) -> None:
    stream = start()
    structlog.get_logger("telamon.x").debug(event, **values)
    logging.getLogger("other").warning("%s %s", event, values)
    assert not [secret for secret in SECRETS if secret in stream.getvalue()]
    assert "c2VzYW1l" not in stream.getvalue()
    assert len(lines(stream)) == 2


@pytest.mark.row("SEC-L01")
def test_a_library_that_prints_tokens_at_debug_is_kept_quiet() -> None:
    stream = start()
    logging.getLogger("authlib.oauth2").debug("Save token: whatever")
    assert stream.getvalue() == ""


@pytest.mark.row("SEC-L04")
def test_hostile_text_stays_within_its_line() -> None:
    stream = start()
    structlog.get_logger("telamon.x").info("client", name='a\n{"event":"forged"}\x1b[31m"')
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()
    (line,) = lines(stream)
    assert line["event"] == "client"


def test_levels_below_the_configured_one_are_not_written() -> None:
    stream = start("WARNING")
    structlog.get_logger("telamon.x").info("quiet")
    structlog.get_logger("telamon.x").warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_an_exception_is_part_of_its_line() -> None:
    stream = start()
    try:
        int("Bearer tlm_at_abcdefghijklmnopqrstuvwxyz")
    except ValueError:
        structlog.get_logger("telamon.x").exception("failed")
    (line,) = lines(stream)
    assert "ValueError" in str(line["exception"])
    assert "tlm_at" not in stream.getvalue()


def test_a_terminal_gets_readable_lines() -> None:
    stream = io.StringIO()
    set_up(LogSettings(level="INFO", format="console"), stream)
    structlog.get_logger("telamon.x").info("server.ready", url="http://localhost:8080")
    assert "server.ready" in stream.getvalue()
    assert "{" not in stream.getvalue()
