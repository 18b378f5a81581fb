from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.plugin import InvalidArgument
from telamon.plugin.paths import fill


def test_each_argument_is_one_percent_encoded_segment() -> None:
    assert fill("/issue/{key}/comment/{comment-id}", {"key": "A/B?c#d", "comment_id": 5}) == (
        "/issue/A%2FB%3Fc%23d/comment/5"
    )


@pytest.mark.row("SEC-I01", "SEC-I02")
@pytest.mark.parametrize("value", ["", ".", "..", "A-1\x00", "a\nb", "\x7f"])
def test_a_segment_that_no_encoding_makes_safe_is_refused(value: str) -> None:
    with pytest.raises(InvalidArgument):
        fill("/issue/{key}", {"key": value})


@pytest.mark.row("SEC-I03")
@given(st.text(min_size=1))
def test_no_text_ever_adds_a_segment_or_leaves_its_place(text: str) -> None:
    try:
        path = fill("/issue/{key}/x", {"key": text})
    except InvalidArgument:
        return
    assert path.count("/") == 3
    assert not set("?#\\\r\n ") & set(path)
    assert unquote(path.split("/")[2]) == text.encode(errors="replace").decode()


def test_a_template_and_its_arguments_have_to_agree() -> None:
    with pytest.raises(KeyError):
        fill("/issue/{key}", {})
    with pytest.raises(TypeError, match="no place for id"):
        fill("/issue/{key}", {"key": "A-1", "id": 1})
