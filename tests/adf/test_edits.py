import pytest
from adf.documents import Node, documents
from adf.profiles import cases
from adf.test_round_trip import MACRO, WHOLE, doc, p, t
from hypothesis import given
from hypothesis import strategies as st

from telamon.adf import (
    AmbiguousSection,
    UnknownReference,
    UnknownSection,
    apply_edit,
    from_markdown,
    lost,
    plain_text,
    replace_section,
    section,
    sections,
    to_markdown,
)
from telamon.adf.origin import walk

COMMENT: Node = {"type": "annotation", "attrs": {"id": "c1", "annotationType": "inlineComment"}}


def read(document: Node) -> str:
    return to_markdown(document, opaque="reference")


@cases(150)
@given(documents(4))
def test_writing_back_what_was_read_changes_nothing_at_all(document: Node) -> None:
    updated = apply_edit(document, read(document))
    assert updated == document
    assert lost(document, updated) == []


@cases(100)
@given(documents(4))
def test_reading_all_of_it_again_changes_nothing_either(document: Node) -> None:
    # A link definition is felt everywhere, so that nothing can be taken as unchanged unread.
    updated = apply_edit(document, read(document) + "\n\n[no such label]: x")
    assert updated == document


@cases(60)
@given(documents(3), documents(2), st.data())
def test_an_edit_gives_the_same_whether_all_is_read_or_only_what_was_changed(
    document: Node, other: Node, data: st.DataObject
) -> None:
    blocks = read(document).split("\n\n")
    start = data.draw(st.integers(0, len(blocks)))
    stop = data.draw(st.integers(start, len(blocks)))
    text = "\n\n".join([*blocks[:start], *to_markdown(other).split("\n\n"), *blocks[stop:]])
    try:
        whole = apply_edit(document, text + "\n\n[no such label]: x")
    except UnknownReference:
        return
    assert without_ids(apply_edit(document, text)) == without_ids(whole)


def without_ids(document: Node) -> Node:
    for found in walk(document):
        found.get("attrs", {}).pop("localId", None)
        if found.get("attrs") == {}:
            del found["attrs"]
    return document


@pytest.mark.parametrize("between", ["", "- b", "{align=center}", "```", "<details>", "    b"])
def test_a_change_that_reaches_beyond_its_place_is_felt_there(between: str) -> None:
    def listed(text: str) -> Node:
        return {"type": "bulletList", "content": [{"type": "listItem", "content": [p(text)]}]}

    document = doc(p("x"), listed("a"), p("gone"), listed("c"), p("y"))
    text = read(document).replace("gone\n\n", between + "\n\n" if between else "")
    expected = apply_edit(document, text + "\n\n[no such label]: x")
    if between != "    b":
        expected = from_markdown(text)
    assert apply_edit(document, text) == expected


def test_the_result_of_an_edit_shares_nothing_with_the_original() -> None:
    known = {id(node) for node in walk(WHOLE)}
    text = read(WHOLE)
    for edited in (text, text + "\n\nmore", text + "\n\n[no such label]: x"):
        assert not known & {id(node) for node in walk(apply_edit(WHOLE, edited))}


def test_the_complete_form_can_be_written_back_too() -> None:
    assert apply_edit(WHOLE, to_markdown(WHOLE)) == WHOLE


def test_an_edit_of_one_paragraph_leaves_all_else_byte_for_byte() -> None:
    document = doc(*WHOLE["content"], p("Old words here", attrs={"localId": "p9"}))
    updated = apply_edit(document, read(document).replace("Old words here", "New words here"))
    assert updated["content"][:-1] == WHOLE["content"]
    assert updated["content"][-1] == p("New words here", attrs={"localId": "p9"})


def test_an_edit_inside_a_list_or_table_keeps_what_stands_beside_it() -> None:
    items = [
        {"type": "listItem", "attrs": {"localId": name}, "content": [p(name, t("!", COMMENT))]}
        for name in ("one", "two")
    ]
    document = doc({"type": "bulletList", "attrs": {"localId": "l"}, "content": items})
    updated = apply_edit(document, read(document).replace("two", "three"))
    assert updated["content"][0]["attrs"] == {"localId": "l"}
    assert updated["content"][0]["content"][0] == items[0]
    assert updated["content"][0]["content"][1]["attrs"] == {"localId": "two"}


def test_a_macro_costs_a_reference_and_survives_being_moved() -> None:
    document = doc(p("a"), MACRO, p("b"))
    first, macro, last = read(document).split("\n\n")
    assert "toc" in macro
    assert len(macro) < 60
    updated = apply_edit(document, f"{last}\n\n{macro}\n\n{first}\n\nc")
    assert updated["content"] == [p("b"), MACRO, p("a"), p("c")]


def test_an_unknown_reference_is_refused_by_name() -> None:
    with pytest.raises(UnknownReference, match="0123456789") as caught:
        apply_edit(doc(p("a")), "```adf ref=0123456789\n```")
    assert caught.value.reference == "0123456789"


def test_a_reference_without_an_original_is_text() -> None:
    assert from_markdown("```adf ref=01\nx\n```")["content"][0]["type"] == "codeBlock"


@pytest.mark.parametrize(
    "text", ["```adf ref=01\nx\n```", 'a :adf["01","x"]', ":::adf ref=01 x\n\nb\n\n:::"]
)
def test_a_reference_in_a_new_document_is_refused_on_demand(text: str) -> None:
    with pytest.raises(UnknownReference, match="only in the page it came from") as caught:
        from_markdown(text, strict_references=True)
    assert caught.value.reference == "01"


def test_what_would_be_lost_is_listed_in_words() -> None:
    losses = {str(loss) for loss in lost(WHOLE, doc(p("gone")))}
    assert "macro: extension toc (2 times)" in losses
    assert "mention: @Ada Example" in losses
    assert "layout: 2 columns" in losses
    assert any(loss.startswith("medium: x [y]") for loss in losses)
    commented = doc(p("a ", t("remark", COMMENT), {"type": "wormhole"}))
    assert [str(loss) for loss in lost(commented, doc())] == [
        "unknown node: wormhole",
        "inline comment: on “remark”",
    ]


def heading(text: str, level: int) -> Node:
    return {"type": "heading", "attrs": {"level": level, "localId": text}, "content": [t(text)]}


PAGE = doc(
    heading("One", 1),
    p("a"),
    heading("Two", 2),
    p("b", attrs={"localId": "b"}),
    MACRO,
    heading("Three", 2),
    p("c"),
    {
        "type": "layoutSection",
        "content": [
            {"type": "layoutColumn", "attrs": {"width": 50}, "content": [heading("In", 3), p("d")]},
            {"type": "layoutColumn", "attrs": {"width": 50}, "content": [heading("Two", 1)]},
        ],
    },
)


def test_sections_reach_to_the_next_heading_of_the_same_or_a_higher_level() -> None:
    found = [(one.named, one.path, one.start, one.stop) for one in sections(PAGE)]
    assert found == [
        ("# One", (), 0, 8),
        ("## Two", (), 2, 5),
        ("## Three", (), 5, 8),
        ("### In", (7, 0), 0, 2),
        ("# Two", (7, 1), 0, 1),
    ]
    assert plain_text(section(PAGE, "## Two")) == "Two\nb"


def test_replacing_a_section_leaves_the_rest_and_its_own_unchanged_blocks() -> None:
    updated = replace_section(PAGE, "## two", read(section(PAGE, "## Two")) + "\n\nmore")
    assert updated["content"][:5] == PAGE["content"][:5]
    assert updated["content"][5] == p("more")
    assert updated["content"][6:] == PAGE["content"][5:]


def test_the_heading_stays_when_the_new_text_has_none() -> None:
    updated = replace_section(PAGE, "In", "new")
    assert updated["content"][7]["content"][0]["content"][0] == heading("In", 3)
    assert plain_text(section(updated, "In")) == "In\nnew"


@pytest.mark.parametrize("head", ["# In", "##### **in** "])
def test_the_heading_is_not_repeated_when_the_new_text_has_it_at_another_level(head: str) -> None:
    updated = replace_section(PAGE, "In", f"{head}\n\nnew")
    assert updated == replace_section(PAGE, "In", "new")
    other = replace_section(PAGE, "In", "#### Further in\n\nnew")
    assert plain_text(section(other, "In")) == "In\nFurther in\nnew"


def test_a_heading_that_is_missing_or_ambiguous_is_refused_with_the_list() -> None:
    with pytest.raises(UnknownSection, match="## Three") as caught:
        replace_section(PAGE, "Four", "x")
    assert "# One" in caught.value.headings
    with pytest.raises(AmbiguousSection, match="2 sections"):
        replace_section(PAGE, "Two", "x")


def test_of_headings_alike_the_candidates_are_listed_and_one_can_be_named() -> None:
    before = from_markdown(
        "# Linux\n\n## Set-up\n\nUnpack.\n\n# Windows\n\n## Set-up\n\nInstall.\n\n# Set-up\n\nNo."
    )

    with pytest.raises(AmbiguousSection) as caught:
        replace_section(before, "Set-up", "New.")
    after = replace_section(before, "## Set-up", "New.", occurrence=2)

    assert caught.value.headings == (
        "occurrence 1: # Linux > ## Set-up (heading 2 of 5)",
        "occurrence 2: # Windows > ## Set-up (heading 4 of 5)",
        "occurrence 3: # Set-up (heading 5 of 5)",
    )
    assert to_markdown(after) == to_markdown(before).replace("Install.", "New.")
    assert to_markdown(section(before, "Set-up", occurrence=3)).split() == ["#", "Set-up", "No."]
    with pytest.raises(UnknownSection, match=r"no occurrence 3 .*occurrence 2: # Windows"):
        section(before, "## Set-up", occurrence=3)


def test_a_heading_inside_a_layout_is_told_apart_by_what_stands_above_the_layout() -> None:
    before = from_markdown("# Over\n\nText.\n\n# Alike\n\nOne.")
    column = {"type": "layoutColumn", "attrs": {"width": 50}}
    alike = before["content"][2:]
    layout = {
        "type": "layoutSection",
        "content": [{**column, "content": alike}, {**column, "content": before["content"][1:2]}],
    }
    nested = {**before, "content": [*before["content"][:2], layout, *before["content"][2:]]}

    with pytest.raises(AmbiguousSection) as caught:
        section(nested, "Alike")

    assert caught.value.headings == (
        "occurrence 1: # Over > # Alike (heading 2 of 3)",
        "occurrence 2: # Alike (heading 3 of 3)",
    )


def test_a_long_list_of_headings_is_cut() -> None:
    before = from_markdown("\n\n".join(f"# Part {at}" for at in range(60)))

    with pytest.raises(UnknownSection, match=r"# Part 49; and 10 more\.$") as caught:
        section(before, "Nowhere")

    assert len(caught.value.headings) == 60
