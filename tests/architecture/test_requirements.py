"""Every requirement has a test or a page, and every mark names a row that can exist."""

import pytest
from requirements import REQUIREMENTS, ROOT, ROW, proven


@pytest.mark.parametrize("row", REQUIREMENTS)
def test_a_requirement_has_a_test_or_a_page(row: str) -> None:
    pages = REQUIREMENTS[row].pages
    assert proven().get(row) or pages
    assert all((ROOT / page).is_file() for page in pages)


def test_every_mark_names_a_row() -> None:
    odd = {row for row in proven() if not ROW.fullmatch(row)}
    assert odd == set()
    assert {row for row in proven() if "-" not in row} <= set(REQUIREMENTS)
