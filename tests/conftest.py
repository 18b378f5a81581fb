"""Fixtures for every room: few, each named for the thing."""

import logging
import os
from collections.abc import Generator, Iterator

import pytest
import structlog
from fakes.leaks import Register

MINTED = Register()
MINTED.listen()
# The servers that tests put beside ours keep logs with queries; ours has its own, without.
logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
# The SDK's client logs the id of its session, which is no credential; its log is not ours.
logging.getLogger("mcp.client").setLevel(logging.WARNING)
# Rich would print the local variables of every frame, which our own formats never do.
structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything has to be there, a missing tool is a failure and not a skip.

    Whatever a test is about: a secret that was printed or logged meanwhile fails it (SECURITY L01).
    """
    report = yield
    if report.when == "teardown" and report.passed:
        leaked = MINTED.leaks(text for _, text in report.sections)
        if leaked:
            report.outcome = "failed"
            report.longrepr = f"{len(leaked)} secrets are in the output, {leaked[0][:6]}... first"
    strict = os.environ.get("CI") == "true" and item.get_closest_marker("may_skip") is None
    if strict and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report


class FakeClock:
    """Unix seconds that move only when a test says so."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A test that sets up logging does not change the next one's."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
