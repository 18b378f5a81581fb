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


def test_a_read_scope_is_shown_but_only_more_can_be_unticked() -> None:
    said = render('{{ ui.scope_list("Jira", scopes, "product", "jira") }}', scopes=[READ, WRITE])
    assert 'name="product" value="jira" checked' in said
    assert 'value="write:jira-work" checked' in said
    assert 'value="read:jira-work"' not in said
    assert "Read issues" in said
    assert "Change &lt;issues&gt;" in said


def test_scopes_without_boxes_are_a_plain_list() -> None:
    said = render('{{ ui.scope_list("Jira", scopes) }}', scopes=[READ, WRITE])
    assert "<input" not in said
    assert said.count("<li>") == 2


def test_what_only_reads_is_folded_into_one_line_that_counts() -> None:
    other = Scope("read:jira-user", "look up people")
    said = render('{{ ui.scope_list("Jira", scopes, "p", "j") }}', scopes=[READ, WRITE, other])
    assert "<summary>Read: 2 permissions</summary>" in said
    assert said.index("Look up people") < said.index("</details>") < said.index("Change")
    alone = render('{{ ui.scope_list("Jira", scopes, "p", "j") }}', scopes=[READ])
    assert "<summary>Read: 1 permission</summary>" in alone
    assert "<details>" not in render('{{ ui.scope_list("Jira", scopes) }}', scopes=[WRITE])


def test_ticked_boxes_stay_as_the_person_left_them() -> None:
    said = render(
        '{{ ui.scope_list("Jira", scopes, "product", "jira", ticked=["delete:jira-work"]) }}',
        scopes=[WRITE, DELETE],
    )
    assert 'value="delete:jira-work" checked' in said
    assert 'value="write:jira-work">' in said


def test_what_a_scope_does_beyond_reading_is_said_in_words() -> None:
    manage = Scope("manage:jira-project", "manage projects", "manage")
    said = render('{{ ui.scope_list("Jira", scopes) }}', scopes=[READ, WRITE, DELETE, manage])
    for word in ("changes", "deletes", "manages"):
        assert f'<span class="tag">{word}</span>' in said
    assert said.count('class="tag"') == 3


def test_a_field_has_its_label_and_its_hint() -> None:
    said = render('{{ ui.field("site", "Site", value=v, hint="Which one") }}', v=HOSTILE)
    assert '<label for="f-site">Site</label>' in said
    assert 'aria-describedby="h-site"' in said
    assert "<script>" not in said
    assert "aria-describedby" not in render('{{ ui.field("site", "Site") }}')


def test_buttons_hidden_fields_and_facts_escape_what_they_show() -> None:
    said = render(
        '{{ ui.button("Deny", "decision", v, "quiet", autofocus=true) }}{{ ui.hidden("csrf", v) }}'
        "{{ ui.facts([(v, v)]) }}{{ ui.copy(v, v) }}"
        '{% call ui.notice("careful", "Careful") %}{{ v }}{% endcall %}',
        v=HOSTILE,
    )
    assert "<script>" not in said
    assert "autofocus" in said
    assert said.count("&lt;script&gt;") == 7
    assert "name=" not in render('{{ ui.button("Go") }}')
