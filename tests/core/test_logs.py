import fcntl
import io
import json
import logging
import os
import threading

import pytest
import structlog

from telamon.logs import WAITING_LINES, dropped, set_up
from telamon.settings import LogSettings

SECRETS = [
    "tlm_at_abcdefghijklmnopqrstuvwxyz",
    "eyJhbGciOiJIUzI1.eyJzdWIiOiIxIn0.c2ln",
    "ATATT3xFfGF0abcdef",
    "sesame-value",
]


class Log:
    """A set-up log whose lines are read when it has ended."""

    def __init__(self, level: str = "DEBUG", format_: str = "json") -> None:
        self._stream = io.StringIO()
        settings = LogSettings.model_validate({"level": level, "format": format_})
        self._sink = set_up(settings, self._stream)

    @property
    def text(self) -> str:
        self._sink.stop(10)
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text.splitlines()]


def test_an_event_is_one_json_line_with_its_values() -> None:
    log = Log()
    structlog.get_logger("telamon.x").info("grant.refreshed", grant_id="g1", seconds=0.25)
    (line,) = log.lines
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
        ("x", {"url": "/consent?txn=sesame-value&csrf=sesame-value"}),
        ("x", {"header": "a=b; tlm_sid=sesame-value; __Host-tlm_sid=sesame-value"}),
        ("client_secret: sesame-value", {"csrf": "sesame-value", "txn": "sesame-value"}),
        ("code=sesame-value", {"body": '{"txn": "sesame-value"}'}),
    ],
)
def test_no_secret_reaches_the_log(event: str, values: dict[str, object]) -> None:
    log = Log()
    structlog.get_logger("telamon.x").debug(event, **values)
    logging.getLogger("other").warning("%s %s", event, values)
    assert not [secret for secret in SECRETS if secret in log.text]
    assert "c2VzYW1l" not in log.text
    assert len(log.lines) == 2


@pytest.mark.row("SEC-L01")
def test_a_library_that_prints_tokens_at_debug_is_kept_quiet() -> None:
    log = Log()
    logging.getLogger("authlib.oauth2").debug("Save token: whatever")
    assert log.text == ""


@pytest.mark.row("SEC-L04")
def test_hostile_text_stays_within_its_line() -> None:
    log = Log()
    structlog.get_logger("telamon.x").info("client", name='a\n{"event":"forged"}\x1b[31m"')
    assert len(log.text.splitlines()) == 1
    assert "\x1b" not in log.text
    (line,) = log.lines
    assert line["event"] == "client"


def test_levels_below_the_configured_one_are_not_written() -> None:
    log = Log("WARNING")
    structlog.get_logger("telamon.x").info("quiet")
    structlog.get_logger("telamon.x").warning("loud")
    assert [line["event"] for line in log.lines] == ["loud"]


def test_an_exception_is_part_of_its_line() -> None:
    log = Log()
    try:
        int("Bearer tlm_at_abcdefghijklmnopqrstuvwxyz")
    except ValueError:
        structlog.get_logger("telamon.x").exception("failed")
    (line,) = log.lines
    assert "ValueError" in str(line["exception"])
    assert "tlm_at" not in log.text


def test_a_terminal_gets_readable_lines() -> None:
    log = Log("INFO", "console")
    structlog.get_logger("telamon.x").info("server.ready", url="http://localhost:8080")
    assert "server.ready" in log.text
    assert "{" not in log.text


@pytest.mark.row("SEC-L05")
def test_nobody_waits_for_a_sink_that_does_not_read() -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "w") as stream:
        sink = set_up(LogSettings(level="INFO", format="json"), stream)
        for number in range(WAITING_LINES + 100):
            structlog.get_logger("telamon.x").info("x" * 1000, number=number)
        assert 0 < dropped() <= 100
        sink.stop(0.01)
        first = json.loads(pipe.readline())
        assert first["number"] == 0
        reader = threading.Thread(target=pipe.read)
        reader.start()
        sink.stop(30)
    reader.join()


@pytest.mark.row("SEC-L05")
def test_lines_for_a_sink_that_is_gone_are_counted() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        with set_up(LogSettings(level="INFO", format="json"), stream):
            structlog.get_logger("telamon.x").info("one")
            structlog.get_logger("telamon.x").info("two")
        assert dropped() == 2


def test_a_record_that_cannot_be_formatted_fails_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    log = Log()
    logging.getLogger("other").warning("%d", "no number")
    assert log.text == ""
    assert "no number" in capsys.readouterr().err
