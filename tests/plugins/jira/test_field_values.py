"""Values in plain words: what each kind of field makes of them, and what it refuses."""

from typing import Any

import pytest

from telamon_jira.field_names import SYSTEM, resolve
from telamon_jira.field_values import Misfit, fit, is_for_people, wants

TYPES = "com.atlassian.jira.plugin.system.customfieldtypes:"
COLOURS = [{"id": "1", "value": "Red"}, {"id": "2", "value": "Blue"}]
PLACES = [
    {"id": "1", "value": "Europe", "children": [{"id": "3", "value": "Berlin"}]},
    {"id": "2", "value": "Asia"},
]
LEVELS = [{"id": "1", "name": "High"}, {"id": "2", "name": "Low"}]
TWICE = [{"id": "1", "name": "2.0"}, {"id": "2", "name": "2.0"}]


def meta(
    kind: str, of: str | None = None, *, custom: str = "", allowed: list[Any] | None = None
) -> dict[str, Any]:
    schema = {"type": kind, "items": of, "custom": custom and TYPES + custom}
    return {"name": "Field", "schema": schema, "allowedValues": allowed}


OPTION = meta("option", allowed=COLOURS)
MANY = meta("array", "option", allowed=COLOURS)
CASCADE = meta("option-with-child", allowed=PLACES)
NAMED = meta("priority", allowed=LEVELS)
SPRINT = meta("array", "json", custom="gh-sprint")
AREA = meta("string", custom="textarea")
MOMENT = "2026-06-15T09:30:00.000+0200"
DOCUMENT: dict[str, Any] = {"type": "doc", "version": 1, "content": []}


@pytest.mark.parametrize(
    ("field", "given", "sent"),
    [
        (OPTION, "red", {"value": "Red"}),
        (OPTION, "2", {"value": "Blue"}),
        (OPTION, {"name": "Blue"}, {"value": "Blue"}),
        (OPTION, {"value": "BLUE"}, {"value": "Blue"}),
        (OPTION, {"id": "2"}, {"id": "2"}),
        (OPTION, None, None),
        (MANY, "Red", [{"value": "Red"}]),
        (MANY, ["Red", {"id": "2"}], [{"value": "Red"}, {"id": "2"}]),
        (MANY, [], []),
        (meta("option"), "Green", {"value": "Green"}),
        (meta("option", allowed=[{"id": "7", "name": "Odd"}]), "odd", {"id": "7"}),
        (CASCADE, "asia", {"value": "Asia"}),
        (CASCADE, "Europe / berlin", {"value": "Europe", "child": {"value": "Berlin"}}),
        (CASCADE, {"value": "Asia"}, {"value": "Asia"}),
        (meta("option-with-child"), "A / B", {"value": "A", "child": {"value": "B"}}),
        (NAMED, "high", {"name": "High"}),
        (NAMED, {"value": "High"}, {"name": "High"}),
        (NAMED, 2, {"name": "Low"}),
        (meta("array", "version", allowed=TWICE), [{"id": "2"}], [{"id": "2"}]),
        (SYSTEM["components"], "Web", [{"name": "Web"}]),
        (SYSTEM["labels"], "one", ["one"]),
        (SYSTEM["parent"], "DEMO-1", {"key": "DEMO-1"}),
        (SYSTEM["parent"], 10001, {"id": "10001"}),
        (SYSTEM["parent"], {"key": "DEMO-1"}, {"key": "DEMO-1"}),
        (SYSTEM["project"], "DEMO", {"key": "DEMO"}),
        (SYSTEM["description"], "**x**", "**x**"),
        (AREA, DOCUMENT, DOCUMENT),
        (meta("string"), 5, "5"),
        (meta("string"), {"from": "an app"}, {"from": "an app"}),
        (meta("string", allowed=["red"]), "red", "red"),
        (meta("number"), "3", 3),
        (meta("number"), "2.5", 2.5),
        (meta("number"), 0, 0),
        (meta("date"), "2026-06-15", "2026-06-15"),
        (meta("datetime"), "2026-06-15T09:30:00+02:00", MOMENT),
        (meta("datetime"), MOMENT, MOMENT),
        (SPRINT, 7, 7),
        (meta("array", "json", custom="gh-sprint"), ["7"], 7),
        (meta("any", custom="an-app"), {"x": 1}, {"x": 1}),
        (SYSTEM["timetracking"], {"originalEstimate": "1d"}, {"originalEstimate": "1d"}),
    ],
)
def test_a_value_becomes_what_jira_wants(field: Any, given: Any, sent: Any) -> None:
    assert fit(field, given) == sent


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        (OPTION, "Green", "'Green'"),
        (OPTION, True, "True"),
        (OPTION, {"id": "9"}, "'9'"),
        (OPTION, ["Red"], r"\['Red'\]"),
        (MANY, ["Red", "Green"], "'Green'"),
        (CASCADE, "Europe / Rome", "'Rome'"),
        (CASCADE, "Africa", "'Africa'"),
        (NAMED, "Extreme", "'Extreme'"),
        (meta("version", allowed=TWICE), "2.0", r"several \(by id: 1, 2\)"),
        (meta("string"), True, "True"),
        (meta("string"), ["a"], "a"),
        (meta("string", allowed=["red"]), "blue", "'blue'"),
        (AREA, 5, "5"),
        (meta("number"), "many", "'many'"),
        (meta("number"), True, "True"),
        (meta("date"), "tomorrow", "'tomorrow'"),
        (meta("date"), "2026-02-30", "'2026-02-30'"),
        (SYSTEM["timetracking"], "2d", "'2d'"),
        (meta("datetime"), "soon", "'soon'"),
        (meta("datetime"), "2026-06-15T09:30:00", "no time zone"),
        (SPRINT, "Sprint 8", "'Sprint 8'"),
    ],
)
def test_a_value_that_does_not_fit_is_named(field: Any, given: Any, said: str) -> None:
    with pytest.raises(Misfit, match=said):
        fit(field, given)


@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        (OPTION, "Field (x) wants an option, one of: Red, Blue."),
        (MANY, "Field (x) wants a list, each an option, one of: Red, Blue."),
        (meta("number"), "Field (x) wants a number."),
        (AREA, "Field (x) wants Markdown."),
        (SYSTEM["fixVersions"] | {"name": "x"}, "x wants a list, each a version by name."),
        (SPRINT, "Field (x) wants the id of a sprint that is not closed (listJiraBoardSprints)."),
        (meta("odd"), "Field (x) wants a value of the type odd."),
    ],
)
def test_a_field_says_what_it_wants(field: Any, sentence: str) -> None:
    assert wants("x", field) == sentence


def test_of_many_allowed_values_some_are_named() -> None:
    many = meta("version", allowed=[{"name": f"v{number}"} for number in range(40)])
    assert wants("x", many).endswith("v29 and 10 more.")


def test_fields_for_people_are_known() -> None:
    assert is_for_people(SYSTEM["assignee"])
    assert is_for_people(meta("array", "user"))
    assert not is_for_people(OPTION)


SCREEN = {
    "summary": {"name": "Summary"},
    "fixVersions": {"name": "Fix versions"},
    "customfield_1": {"name": "Team"},
    "customfield_2": {"name": "team"},
    "customfield_3": {"name": "A  B"},
}


def test_names_are_found_in_any_case_and_spacing() -> None:
    keys = ["SUMMARY", "fixversions", "a b ", "customfield_9", "customfield_1"]
    found, problems = resolve(keys, SCREEN)
    assert [*found.values()] == [
        "summary",
        "fixVersions",
        "customfield_3",
        "customfield_9",
        "customfield_1",
    ]
    assert problems == []


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            ["TEAM"],
            "'TEAM' names several fields, use an id: Team (customfield_1), team (customfield_2).",
        ),
        (["Summery"], "There is no field 'Summery' here; near: Summary."),
        (
            ["xyz"],
            "There is no field 'xyz' here; there are: Summary, Fix versions, Team, team, A  B.",
        ),
        (["Summary", "summary"], "summary is given twice."),
    ],
)
def test_a_name_that_is_not_clear_is_refused(keys: list[str], problem: str) -> None:
    assert resolve(keys, SCREEN)[1] == [problem]
