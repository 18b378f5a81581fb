"""Every row has tests, a page or a reason, and every mark is on a test and names a row."""

import pytest
from requirements import PAGE, ROOT, WRITTEN_BY, Row, marks, page, proven, rows


@pytest.mark.parametrize("row", rows().values(), ids=lambda row: row.id)
def test_a_row_has_a_test_a_page_or_a_reason(row: Row) -> None:
    assert row.sentence.endswith(".")
    assert all((ROOT / name).is_file() for name in row.pages)
    shown = [*proven().get(row.id, ()), *row.pages]
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
