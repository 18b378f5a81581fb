import os
from pathlib import Path

import pytest

from telamon.configuration import SettingsError, read_settings

NEEDED = {
    "TELAMON_PUBLIC_URL": "https://mcp.example.com",
    "TELAMON_ATLASSIAN__CLIENT_ID": "app",
    "TELAMON_ATLASSIAN__CLIENT_SECRET": "made-up-secret",
    "TELAMON_STORAGE__ENCRYPTION_KEYS": "k2:bmV3,k1:b2xk",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("TELAMON_")]:
        monkeypatch.delenv(name)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


def faults() -> str:
    with pytest.raises(SettingsError) as caught:
        read_settings()
    return "\n".join(caught.value.faults)


def test_five_values_are_enough() -> None:
    settings = read_settings()
    assert settings.public_url == "https://mcp.example.com"
    assert [key.get_secret_value() for key in settings.storage.encryption_keys] == [
        "k2:bmV3",
        "k1:b2xk",
    ]
    assert settings.plugins.enabled == ("jira", "confluence")


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "telamon.toml").write_text(
        'public_url = "https://other.example.com"\n[listen]\nport = 9\nhost = "::1"\n'
        "[plugins]\nenabled = ['jira']\n[plugins.jira]\npage_size = 7\n"
    )
    monkeypatch.setenv("TELAMON_LISTEN__PORT", "10")
    settings = read_settings()
    assert settings.public_url == "https://mcp.example.com"
    assert (settings.listen.host, settings.listen.port) == ("::1", 10)
    assert settings.plugins.sections == {"jira": {"page_size": 7}}


def test_a_secret_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-a-file\n")
    monkeypatch.delenv("TELAMON_ATLASSIAN__CLIENT_SECRET")
    monkeypatch.setenv("TELAMON_ATLASSIAN__CLIENT_SECRET_FILE", str(secret))
    assert read_settings().atlassian.client_secret.get_secret_value() == "from-a-file"


def test_a_file_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.toml").write_text("[listen]\nport = 11\n")
    monkeypatch.setenv("TELAMON_CONFIG", str(tmp_path / "other.toml"))
    assert read_settings().listen.port == 11
    monkeypatch.setenv("TELAMON_CONFIG", str(tmp_path / "absent.toml"))
    assert "there is no such file" in faults()


def test_every_fault_is_told_at_once_and_no_value_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "telamon.toml").write_text("[atlassian]\nclient_scret = 'hidden-value'\n")
    monkeypatch.setenv("TELAMON_LISTEN__PORT", "99999999")
    monkeypatch.setenv("TELAMON_LISTEN__PROT", "1")
    monkeypatch.setenv("TELAMON_STORAGE__ENCRYPTION_KEYS_FILE", str(tmp_path / "absent"))
    monkeypatch.delenv("TELAMON_ATLASSIAN__CLIENT_ID")
    told = faults()
    assert "TELAMON_LISTEN__PROT: there is no such setting" in told
    assert "TELAMON_STORAGE__ENCRYPTION_KEYS_FILE: there is no file" in told
    assert "listen.port (TELAMON_LISTEN__PORT): Input should be less than or equal to" in told
    assert "atlassian.client_id (TELAMON_ATLASSIAN__CLIENT_ID): Field required" in told
    assert "atlassian.client_scret" in told
    assert "hidden-value" not in told
    assert "made-up-secret" not in told


def test_a_file_that_is_not_toml_is_told(tmp_path: Path) -> None:
    (tmp_path / "telamon.toml").write_text("[listen\n")
    assert "telamon.toml" in faults()


@pytest.mark.parametrize(
    "url",
    [
        "http://mcp.example.com",
        "https://mcp.example.com/",
        "https://mcp.example.com/path",
        "https://MCP.example.com",
        "https://user@mcp.example.com",
        "https://mcp.example.com$(reboot)",
        "https://mcp.example.com;x",
        "https://mcp.example.com ",
        "ftp://mcp.example.com",
        "mcp.example.com",
        "",
    ],
)
@pytest.mark.row("SEC-M02")
def test_a_public_url_that_is_no_clean_origin_is_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELAMON_PUBLIC_URL", url)
    assert "public_url" in faults()


@pytest.mark.parametrize("url", ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:1"])
def test_plain_http_is_for_loopback(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELAMON_PUBLIC_URL", url)
    assert read_settings().public_url == url


def test_an_idle_time_longer_than_the_absolute_one_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TELAMON_TOKENS__REFRESH_ABSOLUTE_SECONDS", "3600")
    assert "longer than refresh_absolute_seconds" in faults()
