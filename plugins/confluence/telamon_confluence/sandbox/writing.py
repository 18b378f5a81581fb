"""Reading what a request to the emulator writes: JSON bodies, ADF documents, version numbers."""

import json
import re
from collections.abc import Mapping
from typing import Any

from telamon.plugin import Json, SandboxRequest
from telamon_confluence.answers import is_object
from telamon_confluence.sandbox.documents import NODES, Node, walk
from telamon_confluence.sandbox.replies import Refusal, invalid
from telamon_confluence.sandbox.storage_reader import StorageError, from_storage

LARGEST_BODY = 5 * 1024 * 1024
"""Confluence answers 413 to more."""

_NOT_XML = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]")
"""Control characters; pages are kept as XML, which does not have them."""


def members(request: SandboxRequest, *required: str) -> Mapping[str, Any]:
    """Return the JSON object in the body, with at least the *required* members."""
    body = request.body
    if not is_object(body):
        raise invalid("The request body must be a JSON object.")
    for name in required:
        if body.get(name) in (None, ""):
            raise invalid(f"The request body must have '{name}'.")
    return body


def member(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object *name* of a body."""
    value = body.get(name)
    if not is_object(value):
        raise invalid(f"The request body must have the object '{name}'.")
    return value


def version_of(body: Mapping[str, Any]) -> tuple[int | None, str]:
    """Return the version number and the message that a body writes."""
    version = member(body, "version")
    number = version.get("number")
    return number if isinstance(number, int) else None, str(version.get("message") or "")


def adf_of(body: Mapping[str, Any]) -> Node:
    """Return the ADF document that a ``body`` member writes.

    The emulator keeps ADF. Of ``storage`` it reads what is plain; the rest of it, and ``wiki``, is
    refused, never half understood.
    """
    written = member(body, "body")
    for nested in ("atlas_doc_format", "storage"):
        if nested in written:
            written = member(written, nested)
    value, representation = written.get("value"), written.get("representation")
    if representation not in ("atlas_doc_format", "storage") or not isinstance(value, str):
        raise invalid("The sandbox takes bodies in atlas_doc_format and plain storage only.")
    if len(value.encode()) > LARGEST_BODY:
        raise Refusal(413, "Request body is larger than 5 MB", "PAYLOAD_TOO_LARGE")
    if representation == "storage":
        try:
            return from_storage(value)
        except StorageError as error:
            raise invalid(f"The sandbox cannot read this storage body: {error}.") from None
    try:
        document: Json = json.loads(value)
    except (ValueError, RecursionError):
        document = None
    if not is_object(document) or not _is_document(document):
        raise invalid("Content body cannot be converted to new editor format: not an ADF document.")
    return document


def _is_document(document: Node) -> bool:
    """Tell whether Confluence's editor would open *document*, as far as the emulator checks it."""
    if document.get("type") != "doc" or document.get("version") != 1:
        return False
    try:
        return all(
            node["type"] in NODES
            and (node["type"] != "text" or (node["text"] and not _NOT_XML.search(node["text"])))
            for node in walk(document)
        )
    except (AttributeError, KeyError, TypeError):
        return False
