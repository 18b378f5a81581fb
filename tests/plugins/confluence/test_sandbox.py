"""What the emulator answers to requests that the tools do not make, or make only in error."""

import json
from typing import Any

import pytest
from fakes.confluence_user import ADA, FERRY, SMALL, PageId, User

from telamon.plugin import (
    Conflict,
    Forbidden,
    NotFound,
    Operation,
    Rejected,
    SandboxRequest,
    SandboxResponse,
    Upload,
)
from telamon_confluence.sandbox import ConfluenceEmulator
from telamon_confluence.sandbox.documents import doc, para, text
from telamon_confluence.sandbox.passages import count, mark, markers, plain
from telamon_confluence.sandbox.records import Template
from telamon_confluence.sandbox.storage_format import to_storage
from telamon_confluence.sandbox.storage_reader import StorageError, from_storage

PAGES = "/wiki/api/v2/pages"
PAGE = "/wiki/api/v2/pages/{id}"
V1 = "/wiki/rest/api"


def written(value: object, representation: str = "atlas_doc_format") -> dict[str, Any]:
    text_of = value if isinstance(value, str) else json.dumps(value)
    return {"representation": representation, "value": text_of}


def change(number: str, version: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "status": "current",
        "title": "T",
        "body": written(doc(para("x"))),
        "version": {"number": version},
        **more,
    }


def answer(emulator: ConfluenceEmulator, method: str, path: str, **given: Any) -> SandboxResponse:
    """Call one operation as the sandbox's server would."""
    operation: Operation = next(
        each for each in emulator.operations if (each.method, each.path) == (method, path)
    )
    parameters = given.pop("parameters", {})
    request = SandboxRequest(person=ADA, site=FERRY, query=given.pop("query", {}), **given)
    return operation.handle(request, **parameters)


def test_v2_refuses_in_its_own_error_form(emulator: ConfluenceEmulator) -> None:
    found = answer(emulator, "GET", PAGE, parameters={"id": "1"})

    assert found.status == 404
    assert found.body == {
        "errors": [{"status": 404, "code": "NOT_FOUND", "title": "Not Found", "detail": None}]
    }


def test_v1_refuses_in_its_own_error_form(emulator: ConfluenceEmulator) -> None:
    found = answer(emulator, "GET", f"{V1}/longtask/{{id}}", parameters={"id": "1"})

    assert found.status == 404
    assert found.body["statusCode"] == 404
    assert found.body["data"]["successful"] is False
    assert found.body["message"] == "Not Found"


def test_a_stale_version_is_a_conflict_in_the_documented_form(
    emulator: ConfluenceEmulator, page_id: PageId
) -> None:
    number = page_id("Release plan")

    found = answer(emulator, "PUT", PAGE, body=change(number, 3), parameters={"id": number})

    assert found.status == 409
    assert found.body["errors"][0]["code"] == "CONFLICT"
    assert found.body["errors"][0]["title"] == (
        "Version must be incremented when updating a page. "
        "Current Version: [3]. Provided version: [3]"
    )


async def test_a_body_above_five_megabytes_is_too_large(
    ada: User, emulator: ConfluenceEmulator
) -> None:
    space = (await ada.read("getConfluenceSpaces", keys="DEMO"))["spaces"][0]["id"]
    body = {"spaceId": space, "title": "T", "body": written("x" * (5 * 1024 * 1024 + 1))}

    assert answer(emulator, "POST", PAGES, body=body).status == 413


def test_what_the_server_cannot_read_is_refused_as_confluence_would(
    emulator: ConfluenceEmulator,
) -> None:
    found = emulator.unreadable("The body is no JSON.")

    assert found.status == 400
    assert found.body["errors"][0]["title"] == "The body is no JSON."


async def test_reset_brings_the_first_day_back(
    ada: User, emulator: ConfluenceEmulator, page_id: PageId
) -> None:
    number = page_id("Glossary")
    await ada.call("updateConfluencePage", pageId=number, body="Gone.")

    emulator.reset()

    assert "Berth" in (await ada.read("getConfluencePage", pageId=number))["body"]


async def test_the_second_site_is_small_and_its_own(
    ada: User, ben: User, emulator: ConfluenceEmulator
) -> None:
    ada.api.site = ben.api.site = SMALL

    hers = await ada.read("getConfluenceSpaces")
    his = await ben.read("getConfluenceSpaces")

    assert [space["key"] for space in hers["spaces"]] == ["NOTES"]
    assert his["spaces"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "x"},
        {"limit": "251"},
        {"cursor": "bm9uc2Vuc2U="},
        {"cursor": "!"},
        {"sort": "age"},
        {"status": "lost"},
        {"body-format": "wiki"},
    ],
)
async def test_a_bad_parameter_is_refused(ada: User, query: dict[str, str]) -> None:
    with pytest.raises(Rejected):
        await ada.api.get(PAGES, query)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (PAGE, {"include-labels": "perhaps"}),
        (PAGE, {"version": "x"}),
        (PAGE, {"version": "99"}),
        (PAGE, {"body-format": "editor"}),
    ],
)
async def test_a_bad_parameter_of_one_page_is_refused(
    ada: User, page_id: PageId, path: str, query: dict[str, str]
) -> None:
    with pytest.raises((Rejected, NotFound)):
        await ada.api.get(path, query, id=page_id("Fares"))


async def test_an_id_that_is_no_number_is_refused(ada: User) -> None:
    with pytest.raises(Rejected):
        await ada.api.get(PAGE, id="abc")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"spaceId": "x"},
        {"title": "T", "body": "text"},
        {"title": "T", "body": written("not json")},
        {"title": "T", "body": written("[1]")},
        {"title": "T", "body": written({"type": "doc", "version": 2, "content": []})},
        {"title": "T", "body": written({"type": "doc", "version": 1, "content": ["x"]})},
        {"title": "T", "body": written(doc({"type": "spaceship"}))},
        {"title": "T", "body": written(doc(para(text(""))))},
        {"title": "T", "body": written("h1. Wiki", "wiki")},
        {"title": "T", "body": written("<ac:macro/>", "storage")},
        {"title": "T", "status": "lost"},
        {"title": ""},
        {"title": "T" * 256},
        {"title": "T", "parentId": "x"},
    ],
)
async def test_a_page_that_confluence_would_refuse_is_refused(ada: User, body: Any) -> None:
    if isinstance(body, dict) and body:
        space = (await ada.read("getConfluenceSpaces", keys="DEMO"))["spaces"][0]["id"]
        body = {"spaceId": space, **body}

    with pytest.raises(Rejected):
        await ada.api.post(PAGES, body)


async def test_a_parent_in_another_space_is_refused(ada: User, page_id: PageId) -> None:
    space = (await ada.read("getConfluenceSpaces", keys="DEMO"))["spaces"][0]["id"]
    body = {"spaceId": space, "title": "T", "parentId": page_id("Holidays")}

    with pytest.raises(Rejected, match="same space"):
        await ada.api.post(PAGES, body)
    with pytest.raises(Rejected, match="same space"):
        await ada.api.post("/wiki/api/v2/folders", body)


async def test_nested_bodies_are_read_too(ada: User) -> None:
    space = (await ada.read("getConfluenceSpaces", keys="DEMO"))["spaces"][0]["id"]

    made = await ada.api.post(
        PAGES,
        {
            "spaceId": space,
            "title": "Nested",
            "body": {"atlas_doc_format": written(doc(para("x")))},
        },
        {"root-level": True},
    )

    assert made["parentId"] is None


async def test_an_update_has_to_be_about_the_page_and_its_space(ada: User, page_id: PageId) -> None:
    number = page_id("Fares")

    for body in (change("1", 2), change(number, 2, spaceId="1"), change(number, 2, status="?")):
        with pytest.raises(Rejected):
            await ada.api.put(PAGE, body, id=number)
    with pytest.raises(Rejected, match="must be 1"):
        await ada.api.put(PAGE, change(number, 2, status="draft"), id=number)


async def test_a_trashed_page_is_brought_back_or_purged(ada: User, page_id: PageId) -> None:
    number = page_id("Fares")

    with pytest.raises(Rejected, match="trash"):
        await ada.api.delete(PAGE, {"purge": True}, id=number)
    await ada.api.delete(PAGE, id=number)
    await ada.api.put(PAGE, change(number, 2), id=number)
    assert (await ada.read("getConfluencePage", pageId=number))["title"] == "Fares"
    await ada.api.delete(PAGE, id=number)
    await ada.api.delete(PAGE, {"purge": True}, id=number)

    with pytest.raises(NotFound):
        await ada.api.get(PAGE, {"status": "trashed"}, id=number)


async def test_a_draft_is_thrown_away(ada: User, page_id: PageId) -> None:
    number = page_id("Fares")
    with pytest.raises(NotFound):
        await ada.api.delete(PAGE, {"draft": True}, id=number)
    await ada.call(
        "updateConfluencePage", pageId=number, body="Soon", status="draft", allowLoss=True
    )

    draft = await ada.api.get(PAGE, {"get-draft": True}, id=number)
    await ada.api.delete(PAGE, {"draft": True}, id=number)

    assert draft["status"] == "draft"
    assert (await ada.api.get(PAGE, {"get-draft": True}, id=number))["status"] == "current"


async def test_children_of_a_page_that_is_deleted_move_up(ada: User, page_id: PageId) -> None:
    await ada.call("deleteConfluencePage", pageId=page_id("Runbooks"))

    read = await ada.read("getConfluencePage", pageId=page_id("On-call handover"))

    assert read["parentId"] == page_id("Demo documentation")


async def test_a_comment_is_refused_without_exactly_one_place(ada: User, page_id: PageId) -> None:
    body = {"body": written(doc(para("x")))}

    for place in ({}, {"pageId": "1", "blogPostId": "2"}):
        with pytest.raises(Rejected):
            await ada.api.post("/wiki/api/v2/footer-comments", {**body, **place})
    with pytest.raises(NotFound):
        await ada.api.post("/wiki/api/v2/footer-comments", {**body, "customContentId": "1"})
    with pytest.raises(Rejected, match="inlineCommentProperties"):
        await ada.api.post(
            "/wiki/api/v2/inline-comments",
            {**body, "pageId": page_id("Fares"), "inlineCommentProperties": {"textSelection": ""}},
        )


async def test_one_comment_is_read_and_a_stale_change_of_it_is_a_conflict(
    ada: User, page_id: PageId
) -> None:
    path = "/wiki/api/v2/footer-comments/{comment-id}"
    made = await ada.read("createConfluenceFooterComment", pageId=page_id("Fares"), body="Hello")

    read = await ada.api.get(path, {"body-format": "storage"}, comment_id=made["id"])
    with pytest.raises(Conflict):
        await ada.api.put(path, {"version": {"number": 9}}, comment_id=made["id"])

    assert read["body"]["storage"]["value"] == "<p>Hello</p>"


async def test_people_are_read_one_by_one(ada: User) -> None:
    me = await ada.api.get(f"{V1}/user/current")
    other = await ada.api.get(f"{V1}/user", {"accountId": "5b10a0000000000000000002"})

    assert me["displayName"] == "Ada Example"
    assert other["displayName"] == "Ben Example"
    with pytest.raises(NotFound):
        await ada.api.get(f"{V1}/user", {"accountId": "nobody"})
    with pytest.raises(Rejected):
        await ada.api.read("/wiki/api/v2/users-bulk", {"accountIds": ["a"] * 251})


@pytest.mark.parametrize(
    ("excerpt", "shown"),
    [
        ("highlight", "A &lt;b&gt; @@@hl@@@walrus@@@endhl@@@"),
        ("indexed", "A &lt;b&gt; walrus"),
        ("highlight_unescaped", "A <b> @@@hl@@@walrus@@@endhl@@@"),
        ("indexed_unescaped", "A <b> walrus"),
        ("none", ""),
    ],
)
async def test_excerpts_come_in_five_forms(ada: User, excerpt: str, shown: str) -> None:
    await ada.call("createConfluencePage", spaceId="DEMO", title="Zoo", body=r"A \<b> walrus")

    found = await ada.api.get(f"{V1}/search", {"cql": "text ~ walrus", "excerpt": excerpt})

    assert found["results"][0]["excerpt"] == shown


async def test_a_search_needs_a_query(ada: User) -> None:
    with pytest.raises(Rejected, match="required"):
        await ada.api.get(f"{V1}/search")


async def test_files_are_refused_as_confluence_would(ada: User, page_id: PageId) -> None:
    number = page_id("Fares")
    path = f"{V1}/content/{{id}}/child/attachment"
    file = Upload(content=b"x", filename="fares.csv")

    with pytest.raises(Rejected, match="minorEdit"):
        await ada.api.upload(path, file, id=number)
    with pytest.raises(Rejected, match="same file name"):
        await ada.api.upload(path, file, {"minorEdit": "true"}, id=number)


async def test_a_file_is_read_on_its_own_page_only_and_purged_from_the_trash_only(
    ada: User, page_id: PageId
) -> None:
    [file] = (await ada.read("listConfluenceAttachments", pageId=page_id("Fares")))["attachments"]

    with pytest.raises(NotFound):
        await ada.api.download(
            f"{V1}/content/{{id}}/child/attachment/{{attachmentId}}/download",
            limit=9,
            id=page_id("Glossary"),
            attachmentId=file["id"],
        )
    with pytest.raises(Rejected, match="trash"):
        await ada.api.delete("/wiki/api/v2/attachments/{id}", {"purge": True}, id=file["id"])
    await ada.api.delete("/wiki/api/v2/attachments/{id}", id=file["id"])
    await ada.api.delete("/wiki/api/v2/attachments/{id}", {"purge": True}, id=file["id"])
    with pytest.raises(NotFound):
        await ada.api.get("/wiki/api/v2/attachments/{id}", id=file["id"])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", f"{V1}/content/{{id}}/label", [{"prefix": "global", "name": "two words"}]),
        ("post", f"{V1}/content/{{id}}/label", "text"),
        ("post", f"{V1}/content/{{id}}/copy", {"destination": {"type": "space", "value": "D"}}),
        ("put", f"{V1}/content/{{id}}/restriction", {"results": [{"operation": "fly"}]}),
        (
            "put",
            f"{V1}/content/{{id}}/restriction",
            {"results": [{"operation": "read", "restrictions": {"user": [{"accountId": "x"}]}}]},
        ),
        (
            "post",
            f"{V1}/content/{{id}}/permission/check",
            {"subject": {"type": "user", "identifier": "x"}, "operation": "read"},
        ),
        ("post", f"{V1}/content/{{id}}/pagehierarchy/copy", {"destinationPageId": "own"}),
    ],
)
async def test_a_request_of_the_old_kind_that_makes_no_sense_is_refused(
    ada: User, page_id: PageId, method: str, path: str, body: Any
) -> None:
    number = page_id("Fares")
    if isinstance(body, dict) and body.get("destinationPageId"):
        body = {"destinationPageId": number}

    with pytest.raises(Rejected):
        await getattr(ada.api, method)(path, body, id=number)


async def test_a_strange_position_is_refused(ada: User, page_id: PageId) -> None:
    with pytest.raises(Rejected, match="position"):
        await ada.api.put(
            f"{V1}/content/{{pageId}}/move/{{position}}/{{targetId}}",
            None,
            pageId=page_id("Fares"),
            position="sideways",
            targetId=page_id("Glossary"),
        )


async def test_copying_needs_the_right_to_write(ben: User, page_id: PageId) -> None:
    with pytest.raises(Forbidden):
        await ben.call(
            "copyConfluencePage",
            pageId=page_id("Fares"),
            parentId=page_id("Holidays"),
            title="Fares",
        )


async def test_a_task_is_read_alone_and_takes_two_states(ada: User, page_id: PageId) -> None:
    [first, _] = (await ada.read("listConfluenceTasks", pageId=page_id("On-call handover")))[
        "tasks"
    ]

    one = await ada.api.get("/wiki/api/v2/tasks/{id}", id=first["id"])

    assert one["status"] == "incomplete"
    assert one["body"] == {}
    with pytest.raises(Rejected):
        await ada.api.put("/wiki/api/v2/tasks/{id}", {"status": "half"}, id=first["id"])
    with pytest.raises(NotFound):
        await ada.api.get("/wiki/api/v2/tasks/{id}", id="1")


def test_storage_has_a_form_for_what_pages_hold(emulator: ConfluenceEmulator) -> None:
    state = emulator._sites[FERRY.cloud_id]

    shown = "".join(to_storage(item.now.body) for item in state.contents.values())

    for form in (
        '<ac:structured-macro ac:name="toc" ac:macro-id="toc-home">',
        '<ac:structured-macro ac:name="expand"><ac:parameter ac:name="title">',
        "<ac:task-status>complete</ac:task-status>",
        '<ri:attachment ri:filename="plan.png" />',
        '<a href="https://tariff.example.com/">the tariff</a>',
        "<ac:plain-text-body>ferryctl restart booking",
        "<table><tbody><tr><th>",
    ):
        assert form in shown
    assert to_storage({"type": "rule"}) == "<hr />"
    assert to_storage({"type": "hardBreak"}) == "<br />"
    assert to_storage(text("a<b", {"type": "textColor", "attrs": {"color": "red"}})) == "a&lt;b"


def test_plain_storage_is_read_as_a_document() -> None:
    read = from_storage("<h2>A &amp; b</h2><ul><li>x</li><li><p>y <em>z</em></p></li></ul><hr/>")

    assert [block["type"] for block in read["content"]] == ["heading", "bulletList", "rule"]
    assert to_storage(read) == (
        "<h2>A &amp; b</h2><ul><li><p>x</p></li><li><p>y <em>z</em></p></li></ul><hr />"
    )


@pytest.mark.parametrize(
    "storage",
    [
        "<table></table>",
        "<table>x</table>",
        "<p>x",
        "</p>",
        "loose",
        "<p><em>x</p>",
        "<p><ac:image/></p>",
        "<ac:image/>",
        "<p><ac:link/></p>",
        "<p>&unheard;</p>",
        "<li>" * 5000 + "</li>" * 5000,
    ],
)
def test_other_storage_is_refused(storage: str) -> None:
    with pytest.raises(StorageError):
        from_storage(storage)


def test_a_passage_is_marked_across_the_pieces_of_its_paragraph() -> None:
    document = doc(
        para("The ", text("slow", "strong"), " ferry", {"type": "hardBreak"}, "leaves soon")
    )

    mark(document, "slow fer", 0, "m1")

    content = document["content"][0]["content"]
    assert [(node.get("text"), [m["type"] for m in node.get("marks", [])]) for node in content] == [
        ("The ", []),
        ("slow", ["strong", "annotation"]),
        (" fer", ["annotation"]),
        ("ry", []),
        (None, []),
        ("leaves soon", []),
    ]
    assert plain(document) == "The slow ferry\nleaves soon"


def test_the_second_occurrence_is_marked_when_it_is_meant() -> None:
    document = doc(para("a ferry and a ferry"), para("a ferry"))

    mark(document, "a ferry", 1, "m1")
    mark(document, "a ferry", 2, "m2")

    assert to_storage(document).startswith("<p>a ferry and <ac:inline-comment-marker")
    assert markers(document) == {"m1", "m2"}
    assert count(document, "a ferry") == 3


async def test_a_space_that_is_invisible_is_not_found_by_its_id(ada: User, ben: User) -> None:
    leads = (await ada.read("getConfluenceSpaces", keys="LEADS"))["spaces"][0]["id"]

    with pytest.raises(NotFound):
        await ben.call("getConfluenceSpace", spaceId=leads)
    with pytest.raises(NotFound):
        await ben.call("getPagesInConfluenceSpace", spaceId=leads)


async def test_templates_are_paged_by_where_to_start(
    ada: User, emulator: ConfluenceEmulator
) -> None:
    state = emulator._sites[FERRY.cloud_id]
    other = state.new_id()
    state.templates[other] = Template(id=other, name="Other", description="", storage="<p>x</p>")

    first = await ada.read("listConfluenceTemplates", limit=1)
    second = await ada.read("listConfluenceTemplates", limit=1, start=first["nextStart"])

    assert [first["templates"][0]["name"], second["templates"][0]["name"]] == [
        "Decision record",
        "Other",
    ]
    assert second["nextStart"] is None


def test_storage_that_the_emulator_wrote_is_read_as_it_was(emulator: ConfluenceEmulator) -> None:
    state = emulator._sites[FERRY.cloud_id]
    written = {to_storage(item.now.body) for item in state.contents.values()}
    plain = [each for each in written if "<ac:image>" not in each]

    assert len(plain) > 10
    for storage in plain:
        assert to_storage(from_storage(storage)) == storage


def test_storage_keeps_marks_anchors_mentions_and_macros() -> None:
    read = from_storage(
        '<p>a&nbsp;<a href="https://example.com">b</a> <ac:inline-comment-marker ac:ref="m1">c'
        '</ac:inline-comment-marker><br/><ac:link><ri:user ri:account-id="ben"/></ac:link></p>'
        "<table><tbody><tr><th>h</th><td><p>d</p></td></tr></tbody></table>"
        '<ac:structured-macro ac:name="tip"><ac:rich-text-body><p>e</p></ac:rich-text-body>'
        '</ac:structured-macro><ac:structured-macro ac:name="code"><ac:plain-text-body>'
        "<![CDATA[x < y]]></ac:plain-text-body></ac:structured-macro>"
    )

    first, grid, tip, source = read["content"]
    assert first["content"][0]["text"] == "a\u00a0"
    assert first["content"][1]["marks"] == [
        {"type": "link", "attrs": {"href": "https://example.com"}}
    ]
    assert first["content"][3]["marks"][0]["attrs"]["id"] == "m1"
    assert first["content"][-1] == {"type": "mention", "attrs": {"id": "ben"}}
    assert [cell["type"] for cell in grid["content"][0]["content"]] == ["tableHeader", "tableCell"]
    assert tip["attrs"] == {"panelType": "success"}
    assert source["content"] == [text("x < y")]


def test_text_beside_blocks_is_a_paragraph() -> None:
    read = from_storage(
        "<div><ul><li>a <b>b</b><ul><li>c</li></ul>d</li></ul><blockquote>"
        '<ac:structured-macro ac:name="status"><ac:parameter ac:name="title">NEW</ac:parameter>'
        "</ac:structured-macro></blockquote></div>"
    )

    outer, quote = read["content"]
    [item] = outer["content"]
    assert [block["type"] for block in item["content"]] == ["paragraph", "bulletList", "paragraph"]
    assert item["content"][0]["content"] == [text("a "), text("b", "strong")]
    assert quote["content"][0]["content"][0]["attrs"]["text"] == "NEW"
