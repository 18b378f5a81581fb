"""Derive the table of REST operations from Atlassian's OpenAPI documents.

    python tests/facts/derive.py FOLDER

FOLDER holds jira-platform-v3.json, jira-software.json, confluence-v2.json and confluence-v1.json as
Atlassian publishes them. Which operations are wanted stands in selection.txt; the table goes to
operations.json. Tests read the table, never the documents.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DOCUMENTS = {
    "jira": (("jira-platform-v3.json", ""), ("jira-software.json", "")),
    "confluence": (("confluence-v2.json", "/wiki/api/v2"), ("confluence-v1.json", "")),
}
KEPT = {
    "type",
    "enum",
    "required",
    "items",
    "properties",
    "additionalProperties",
    "anyOf",
    "allOf",
    "maxItems",
    "minItems",
    "uniqueItems",
}
BODY_BYTES = 6000


class Document:
    """One OpenAPI 3.0 document."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    def resolve(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            found: Any = self.content
            for key in node["$ref"].split("/")[1:]:
                found = found[key]
            node = found
        return node

    def schema(self, node: Any, seen: tuple[str, ...] = ()) -> Any:
        """Return *node* as JSON Schema (draft 4) with only what decides validity."""
        if isinstance(node, dict) and "$ref" in node:
            if node["$ref"] in seen:
                return {}
            return self.schema(self.resolve({"$ref": node["$ref"]}), (*seen, node["$ref"]))
        if not isinstance(node, dict):
            return node
        given = dict(node)
        if "oneOf" in given:  # the branches overlap, so that a correct body matches several
            given["anyOf"] = given.pop("oneOf")
        result: dict[str, Any] = {}
        for key, value in given.items():
            if key == "properties":
                result[key] = {name: self.schema(v, seen) for name, v in value.items()}
            elif key in ("anyOf", "allOf"):
                result[key] = [self.schema(branch, seen) for branch in value]
            elif key in ("items", "additionalProperties"):
                result[key] = self.schema(value, seen)
            elif key in KEPT:
                result[key] = value
        if given.get("nullable"):
            return {"anyOf": [result, {"type": "null"}]}
        return result


def query_parameters(document: Document, *lists: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for parameter in (document.resolve(p) for entries in lists for p in entries or []):
        if parameter["in"] != "query":
            continue
        schema = document.resolve(parameter.get("schema") or {})
        fact: dict[str, Any] = {}
        if schema.get("type") == "array":
            fact["many"] = "joined" if parameter.get("explode") is False else "repeated"
            schema = document.resolve(schema.get("items") or {})
        fact["type"] = schema.get("type", "string")
        if "enum" in schema:
            fact["enum"] = schema["enum"]
        if parameter.get("required"):
            fact["required"] = True
        found[parameter["name"]] = fact
    return found


def body(document: Document, operation: dict[str, Any]) -> dict[str, Any] | None:
    if "requestBody" not in operation:
        return None
    request = document.resolve(operation["requestBody"])
    fact: dict[str, Any] = {"required": bool(request.get("required"))}
    content = request["content"]
    if "multipart/form-data" in content:
        form = document.schema(content["multipart/form-data"].get("schema") or {})
        fact["multipart"] = {
            "fields": sorted(form.get("properties", {})),
            "required": sorted(form.get("required", [])),
        }
    if "application/json" in content:
        schema = document.schema(content["application/json"].get("schema") or {})
        if len(json.dumps(schema)) > BODY_BYTES:
            schema = shallow(schema)
        fact["schema"] = schema
    return fact


def shallow(schema: dict[str, Any]) -> dict[str, Any]:
    """Keep the first level of names and types of a schema that is too long."""
    kept: dict[str, Any] = {key: schema[key] for key in ("type", "required") if key in schema}
    if isinstance(schema.get("additionalProperties"), bool):
        kept["additionalProperties"] = schema["additionalProperties"]
    kept["properties"] = {
        name: {key: value[key] for key in ("type", "enum") if key in value}
        for name, value in schema.get("properties", {}).items()
    }
    return kept


def scopes(operation: dict[str, Any]) -> dict[str, list[list[str]]]:
    listed = operation.get("x-atlassian-oauth2-scopes")
    if listed:
        return {
            state.lower(): [sorted(e["scopes"]) for e in listed if e["state"] == state]
            for state in ("Current", "Beta")
        }
    plain = [
        sorted(needed)
        for entry in operation.get("security") or []
        for name, needed in entry.items()
        if name != "basicAuth"
    ]
    return {"current": plain, "beta": []}


def operations(folder: Path) -> Iterator[tuple[tuple[str, str, str], dict[str, Any]]]:
    for product, documents in DOCUMENTS.items():
        for name, base in documents:
            document = Document(json.loads((folder / name).read_text()))
            for path, item in document.content["paths"].items():
                for method in ("get", "post", "put", "delete"):
                    if method not in item:
                        continue
                    operation = item[method]
                    fact = {
                        "operation": operation.get("operationId"),
                        "scopes": scopes(operation),
                        "query": query_parameters(
                            document, item.get("parameters"), operation.get("parameters")
                        ),
                        "body": body(document, operation),
                    }
                    if operation.get("deprecated"):
                        fact["deprecated"] = True
                    yield (product, method.upper(), base + path), fact


def main(folder: Path) -> None:
    wanted = {tuple(line.split()) for line in (HERE / "selection.txt").read_text().splitlines()}
    table = [
        {"product": product, "method": method, "path": path, **fact}
        for (product, method, path), fact in sorted(operations(folder), key=lambda row: row[0])
        if (product, method, path) in wanted
    ]
    missing = wanted - {(row["product"], row["method"], row["path"]) for row in table}
    if missing:
        sys.exit(f"not in the documents: {sorted(missing)}")
    lines = ",\n".join(json.dumps(row, separators=(",", ":"), sort_keys=True) for row in table)
    (HERE / "operations.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
