import pytest

from telamon.plugin import Scope


@pytest.mark.parametrize("name", ["", "two words", 'quo"te', "back\\slash", "naïve", "new\nline"])
def test_a_scope_is_one_scope_token(name: str) -> None:
    with pytest.raises(ValueError, match="RFC 6749"):
        Scope(name, "do it")


def test_a_scope_says_what_it_allows() -> None:
    with pytest.raises(ValueError, match="says nothing"):
        Scope("read:toys", " ")
