"""An emulated Jira for every test of the Jira plugin."""

import pytest
from fakes.jira_api import Sandbox


@pytest.fixture
def jira() -> Sandbox:
    return Sandbox()
