"""``config/example.toml`` shows every setting with its default, and nothing else."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from telamon.configuration import SettingsError, read_settings
from telamon.settings import (
    ConfiguredClient,
    PolicyRule,
    PolicySettings,
    ProductPolicy,
    Settings,
)
from telamon.storage import new_key
from telamon_confluence.settings import ConfluenceSettings
from telamon_jira.settings import JiraSettings

EXAMPLE = Path(__file__).parents[2] / "config" / "example.toml"
PLUGINS: dict[str, type[BaseModel]] = {"jira": JiraSettings, "confluence": ConfluenceSettings}
SAMPLED = (None, PydanticUndefined)
"""Defaults that TOML cannot say; there the value shown is a sample."""
SHOWN = re.compile(r"^#(?=\[|\w+ = )", re.MULTILINE)
SAMPLES = {"clients.configured", "policy.products", "policy.rules"}
"""None by default; each is shown with something in it."""


def everything_set() -> dict[str, Any]:
    """The file with each commented setting made real."""
    return tomllib.loads(SHOWN.sub("", EXAMPLE.read_text()))


def expected(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting's path and default."""
    for name, field in model.model_fields.items():
        here = f"{path}{name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from expected(field.annotation, f"{here}.")
        elif here not in SAMPLES:
            yield here, field.get_default(call_default_factory=True)


def shown(table: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        here = f"{path}{name}"
        if here in SAMPLES:
            continue
        if isinstance(value, dict):
            yield from shown(value, f"{here}.")
        else:
            yield here, value


def plain(default: Any) -> Any:
    """A default as TOML would say it."""
    if hasattr(default, "get_secret_value"):
        return default.get_secret_value()
    return list(default) if isinstance(default, tuple) else default


def all_expected() -> dict[str, Any]:
    found = dict(expected(Settings))
    for name, model in PLUGINS.items():
        found |= dict(expected(model, f"plugins.{name}."))
    return found


def test_every_setting_is_shown_and_no_other() -> None:
    assert set(dict(shown(everything_set()))) == set(all_expected())


@pytest.mark.parametrize(
    ("path", "default"),
    [(path, value) for path, value in all_expected().items() if value not in SAMPLED],
)
def test_the_value_shown_is_the_default(path: str, default: Any) -> None:
    assert dict(shown(everything_set()))[path] == plain(default)


def test_only_what_has_no_default_is_set() -> None:
    set_already = set(dict(shown(tomllib.loads(EXAMPLE.read_text()))))
    assert set_already == {
        path for path, default in all_expected().items() if default is PydanticUndefined
    }


def test_a_client_configured_by_hand_is_shown_whole() -> None:
    (client,) = everything_set()["clients"]["configured"]
    assert set(client) == set(ConfiguredClient.model_fields)
    ConfiguredClient.model_validate(client | {"client_secret": "made-up"})


def test_a_product_and_a_rule_of_the_policy_are_shown_whole() -> None:
    policy = everything_set()["policy"]
    (rule,), (product,) = policy["rules"], policy["products"].values()
    assert set(rule) == set(PolicyRule.model_fields)
    assert set(product) == set(ProductPolicy.model_fields)
    read = PolicySettings.model_validate(policy)
    assert read.rules[0].products["confluence"].only_in == ("TEAM",)


def test_the_file_is_read_with_nothing_but_real_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(EXAMPLE)
    assert [fault.partition(" ")[0] for fault in caught.value.faults] == [
        "atlassian.client_id",
        "atlassian.client_secret",
    ]
    monkeypatch.setenv("TELAMON_ATLASSIAN__CLIENT_ID", "app")
    monkeypatch.setenv("TELAMON_ATLASSIAN__CLIENT_SECRET", "made-up")
    monkeypatch.setenv("TELAMON_STORAGE__ENCRYPTION_KEYS", new_key())
    settings = read_settings(EXAMPLE)
    assert settings.public_url == "https://mcp.example.com"
    for name, field in Settings.model_fields.items():
        if not field.is_required() and name != "plugins":
            assert getattr(settings, name) == field.get_default()
    for name, model in PLUGINS.items():
        assert model.model_validate(settings.plugins.sections[name]) == model()


def test_every_table_is_there_and_no_line_is_long() -> None:
    lines = EXAMPLE.read_text().splitlines()
    assert max(map(len, lines)) <= 100
    tables = re.findall(r"^\[(\w+)[.\]]", EXAMPLE.read_text(), re.MULTILINE)
    assert set(tables) == set(Settings.model_fields) - {"public_url"}
