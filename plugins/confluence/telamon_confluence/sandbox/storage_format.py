"""Confluence's storage format (XHTML) of an ADF document, as far as the emulator writes it."""

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from telamon_confluence.sandbox.documents import attributes_of, below, marks_of

Attributes = Mapping[str, Any]

_PLAIN = {
    "paragraph": "p",
    "bulletList": "ul",
    "orderedList": "ol",
    "listItem": "li",
    "blockquote": "blockquote",
    "tableRow": "tr",
    "tableHeader": "th",
    "tableCell": "td",
    "taskList": "ac:task-list",
}
_MARKS = {"strong": "strong", "em": "em", "underline": "u", "strike": "del", "code": "code"}


def to_storage(node: Mapping[str, Any]) -> str:
    """Return the storage format of *node*; what has no form of its own shows its content."""
    if node["type"] == "text":
        return _text(node)
    inner = "".join(to_storage(child) for child in below(node))
    if tag := _PLAIN.get(node["type"]):
        return f"<{tag}>{inner}</{tag}>"
    form = _FORMS.get(node["type"])
    return form(attributes_of(node), inner) if form else inner


def _text(node: Mapping[str, Any]) -> str:
    result = escape(node["text"], quote=False)
    for mark in marks_of(node):
        attributes = attributes_of(mark)
        if tag := _MARKS.get(mark["type"]):
            result = f"<{tag}>{result}</{tag}>"
        elif mark["type"] == "link":
            result = f'<a href="{escape(attributes["href"])}">{result}</a>'
        elif mark["type"] == "annotation":
            tag = "ac:inline-comment-marker"
            result = f'<{tag} ac:ref="{escape(attributes["id"])}">{result}</{tag}>'
    return result


def _heading(attributes: Attributes, inner: str) -> str:
    return f"<h{attributes['level']}>{inner}</h{attributes['level']}>"


def _table(_: Attributes, inner: str) -> str:
    return f"<table><tbody>{inner}</tbody></table>"


def _code(attributes: Attributes, inner: str) -> str:
    language = attributes.get("language")
    said = _parameter("language", language) if language else ""
    return _macro("code", f"{said}<ac:plain-text-body>{inner}</ac:plain-text-body>")


def _panel(attributes: Attributes, inner: str) -> str:
    return _macro(str(attributes["panelType"]), _rich(inner))


def _expand(attributes: Attributes, inner: str) -> str:
    return _macro("expand", _parameter("title", attributes.get("title", "")) + _rich(inner))


def _extension(attributes: Attributes, inner: str) -> str:
    given: Attributes = attributes.get("parameters", {}).get("macroParams", {})
    parameters = "".join(_parameter(name, value["value"]) for name, value in given.items())
    inner = parameters + (_rich(inner) if inner else "")
    return _macro(str(attributes["extensionKey"]), inner, str(attributes.get("localId") or ""))


def _status(attributes: Attributes, _: str) -> str:
    return _macro("status", _parameter("title", attributes["text"]))


def _mention(attributes: Attributes, _: str) -> str:
    return f'<ac:link><ri:user ri:account-id="{escape(attributes["id"])}" /></ac:link>'


def _task(attributes: Attributes, inner: str) -> str:
    state = "complete" if attributes["state"] == "DONE" else "incomplete"
    return (
        f"<ac:task><ac:task-id>{escape(attributes['localId'])}</ac:task-id>"
        f"<ac:task-status>{state}</ac:task-status>"
        f"<ac:task-body>{inner}</ac:task-body></ac:task>"
    )


def _media(attributes: Attributes, _: str) -> str:
    name = escape(str(attributes.get("alt", "")))
    return f'<ac:image><ri:attachment ri:filename="{name}" /></ac:image>'


def _macro(name: str, inner: str, number: str = "") -> str:
    named = f' ac:macro-id="{escape(number)}"' if number else ""
    return f'<ac:structured-macro ac:name="{escape(name)}"{named}>{inner}</ac:structured-macro>'


def _parameter(name: str, value: object) -> str:
    return f'<ac:parameter ac:name="{escape(name)}">{escape(str(value))}</ac:parameter>'


def _rich(inner: str) -> str:
    return f"<ac:rich-text-body>{inner}</ac:rich-text-body>"


_FORMS: Mapping[str, Callable[[Attributes, str], str]] = {
    "heading": _heading,
    "table": _table,
    "rule": lambda _, __: "<hr />",
    "hardBreak": lambda _, __: "<br />",
    "codeBlock": _code,
    "panel": _panel,
    "expand": _expand,
    "nestedExpand": _expand,
    "extension": _extension,
    "bodiedExtension": _extension,
    "inlineExtension": _extension,
    "status": _status,
    "mention": _mention,
    "taskItem": _task,
    "media": _media,
}
