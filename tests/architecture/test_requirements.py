"""Every row has tests, a page, a run or a reason, and every mark is on a test and names a row."""

import re
from pathlib import Path

import pytest
from requirements import PAGE, ROOT, WRITTEN_BY, Row, marks, marks_in, page, proven, rows

MARKED = """
import pytest
pytestmark = [pytest.mark.browser, pytest.mark.row("R4")]

@pytest.mark.row("R1", "R2")
async def test_runs(): ...

@pytest.mark.row("R5")
def test_written_twice(): ...

@pytest.mark.row("R6")
def test_written_twice(): ...

@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.row("R7"))])
def test_marked_at_a_parameter(x): ...

@pytest.mark.may_skip
@pytest.mark.row("R8")
def test_that_may_be_absent(): ...

@pytest.mark.row("R9")
def somebody(): ...

@pytest.mark.row("R10")
class TestNothing: ...
"""


@pytest.mark.parametrize("row", rows().values(), ids=lambda row: row.id)
def test_a_row_has_a_test_a_page_a_run_or_a_reason(row: Row) -> None:
    assert row.sentence.endswith(".")
    assert all((ROOT / name).is_file() for name in row.pages)
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(row.runs) <= targets
    shown = [*proven().get(row.id, ()), *row.pages, *row.runs]
    assert bool(shown) is (row.not_applicable is None)


def test_every_mark_names_a_row() -> None:
    assert {mark.row for mark in marks()} - rows().keys() == set()


def test_every_mark_is_on_a_test_that_runs() -> None:
    assert [mark.node for mark in marks() if not mark.collected] == []


def test_no_row_hangs_on_tests_that_may_be_absent() -> None:
    sure = {mark.row for mark in marks() if not mark.may_be_absent}
    assert {mark.row for mark in marks()} - sure == set()


def test_reasons_are_few() -> None:
    reasons = [row for row in rows().values() if row.not_applicable]
    assert len(reasons) <= len(rows()) / 10


def test_the_page_is_what_rows_and_marks_say() -> None:
    assert PAGE.read_text() == page(), f"run: {WRITTEN_BY}"


def test_a_mark_counts_where_pytest_runs_what_carries_it(tmp_path: Path) -> None:
    path = tmp_path / "test_marked.py"
    path.write_text(MARKED)
    found = {(mark.row, mark.name): mark for mark in marks_in(path)}
    for test in ("runs", "written_twice", "marked_at_a_parameter", "that_may_be_absent"):
        assert found["R4", f"test_{test}"].collected
    assert {row for (row, _), mark in found.items() if mark.collected} == {
        *("R1", "R2", "R4", "R6", "R7", "R8")
    }
    assert {row for (row, _), mark in found.items() if mark.may_be_absent} == {"R4", "R8"}
    assert not found["R4", "test_runs"].may_be_absent
    for elsewhere in ("marked.py", "bench/test_marked.py"):
        other = tmp_path / elsewhere
        other.parent.mkdir(exist_ok=True)
        other.write_text(MARKED)
        assert not [mark for mark in marks_in(other) if mark.collected]
