from collections.abc import Collection
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from telamon.plugin import Scope

READ = Scope("read:jira-work", "read issues")
WRITE = Scope("write:jira-work", "change <issues>", "write")
DELETE = Scope("delete:jira-work", "delete issues", "delete")
HOSTILE = '"><script>'


def render(call: str, **values: Any) -> str:
    pages = PackageLoader("telamon.web")
    environment = Environment(loader=pages, autoescape=True, undefined=StrictUndefined)
    text = '{% import "macros.html" as ui %}' + call
    return " ".join(environment.from_string(text).render(values).split())


def scope_list(*scopes: Scope, deleting: Collection[str] = (), confirms: bool = False) -> str:
    product = {
        "name": "jira",
        "title": "Jira",
        "scopes": scopes,
        "only_in": None,
        "deleting": deleting,
    }
    return render("{{ ui.scope_list(product, confirms) }}", product=product, confirms=confirms)


def test_a_read_scope_is_shown_but_only_more_can_be_unticked() -> None:
    said = scope_list(READ, WRITE)
    assert 'name="product" value="jira" checked' in said
    assert 'value="write:jira-work" checked' in said
    assert 'value="read:jira-work"' not in said
    assert "Read issues" in said
    assert "Change &lt;issues&gt;" in said


def test_scopes_without_boxes_are_a_plain_list() -> None:
    said = render("{{ ui.scope_words_list(scopes) }}", scopes=[READ, WRITE])
    assert "<input" not in said
    assert said.count("<li>") == 2


def test_what_only_reads_is_folded_into_one_line_that_counts() -> None:
    said = scope_list(READ, WRITE, Scope("read:jira-user", "look up people"))
    assert "<summary>Read: 2 permissions</summary>" in said
    assert said.index("Look up people") < said.index("</details>") < said.index("Change")
    assert "<summary>Read: 1 permission</summary>" in scope_list(READ)
    assert "<details>" not in scope_list(WRITE)


def test_what_a_scope_does_beyond_reading_is_said_in_words() -> None:
    manage = Scope("manage:jira-project", "manage projects", "manage")
    said = scope_list(READ, WRITE, DELETE, manage, deleting=[DELETE.name])
    for word in ("changes", "deletes", "manages"):
        assert f'<span class="tag">{word}</span>' in said
    assert said.count('class="tag"') == 3


def test_a_scope_that_changes_is_said_to_delete_where_things_are_deleted_with_it() -> None:
    assert scope_list(WRITE, deleting=[WRITE.name]).count('<span class="tag">deletes</span>') == 1
    assert "deletes" not in scope_list(WRITE)


def test_the_page_says_what_becomes_of_deleting() -> None:
    off, asked = "Nothing in Jira can be deleted", "your app has to ask you"
    assert off in scope_list(READ, WRITE)
    assert off not in scope_list(READ)
    assert asked in scope_list(DELETE, deleting=[DELETE.name], confirms=True)
    for said in (
        scope_list(DELETE, deleting=[DELETE.name]),
        scope_list(WRITE, deleting=[DELETE.name], confirms=True),
    ):
        assert off not in said
        assert asked not in said


def test_buttons_hidden_fields_and_facts_escape_what_they_show() -> None:
    said = render(
        '{{ ui.button("Deny", "decision", v, "quiet", about=v) }}{{ ui.hidden("csrf", v) }}'
        "{{ ui.facts([(v, v)]) }}{{ ui.copy(v, v) }}"
        '{% call ui.notice("careful", "Careful") %}{{ v }}{% endcall %}',
        v=HOSTILE,
    )
    assert "<script>" not in said
    assert 'aria-label="Deny &#34;' in said
    assert said.count("&lt;script&gt;") == 8
    assert "name=" not in render('{{ ui.button("Go") }}')
