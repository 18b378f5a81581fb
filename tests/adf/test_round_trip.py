import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from telamon.adf import canonical, from_markdown, to_markdown
from documents import documents

SCHEMA = Draft4Validator(
    json.loads((Path(__file__).parent / "data" / "adf.schema.json").read_text())
)


@settings(max_examples=300, deadline=None)
@given(documents())
def test_rt(document):
    SCHEMA.validate(document)
    md = to_markdown(document)
    back = from_markdown(md, trusted=True)
    assert back == canonical(document), md
