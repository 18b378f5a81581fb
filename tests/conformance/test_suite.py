"""The public conformance suite, as one test for each revision."""

import pytest
from clients.install import node
from conformance.run import FAILED, REVISIONS, run_suite
from conformance.server import conformance_server

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(node() is None, reason="Node.js is not installed: make clients"),
]


@pytest.mark.parametrize("revision", REVISIONS)
async def test_every_check_of_the_suite_passes(revision: str) -> None:
    async with conformance_server() as (server, token):
        status, checks, output = await run_suite(server.mcp, token, revision)
    assert [check for check in checks if check[2] in FAILED] == []
    assert checks, output
    assert status == 0, output
