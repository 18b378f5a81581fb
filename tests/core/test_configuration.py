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
    assert "atlassian.client_id (TELAMON_ATLASSIAN__CLIENT_ID): must be set" in told
    assert "atlassian.client_scret (TELAMON_ATLASSIAN__CLIENT_SCRET): there is no such" in told
    assert "hidden-value" not in told
    assert "made-up-secret" not in told


def test_a_table_that_is_missing_is_told_by_the_settings_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in NEEDED:
        monkeypatch.delenv(name)
    assert faults().splitlines() == [
        "public_url (TELAMON_PUBLIC_URL): must be set",
        "atlassian.client_id (TELAMON_ATLASSIAN__CLIENT_ID): must be set",
        "atlassian.client_secret (TELAMON_ATLASSIAN__CLIENT_SECRET): must be set",
        "storage.encryption_keys (TELAMON_STORAGE__ENCRYPTION_KEYS): must be set",
    ]


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
        "https://mcp.example.com:443",
        "https://mcp.example.com:0",
        "https://mcp.example.com:65536",
        "https://mcp.example.com.",
        "https://...",
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


HOST = "must be a host name such as example.com, with nothing before or behind it"
ORIGIN = "must be an origin as browsers send it, such as https://app.example.com"
SECRET = "must be the secret alone: not empty, and without blanks"
BASE = "must be https://host, in lower case and without a slash at its end"
LIST = 'must be a list; in the environment written as JSON, such as ["a", "b"]'
NETWORK = "must be a network such as 10.0.0.0/8, or one address"
SCHEME = "must be a scheme of an app, such as cursor"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("atlassian.client_id", "your app's client id", "must be the id alone"),
        ("atlassian.client_secret", "", SECRET),
        ("atlassian.client_secret", "your app's secret", SECRET),
        ("atlassian.previous_client_secret", " ", SECRET),
        ("atlassian.api_url", "api.atlassian.com", BASE),
        ("atlassian.api_url", "https://api.atlassian.com/", BASE),
        ("atlassian.authorization_url", "https://auth.atlassian.com?x=1", BASE),
        ("atlassian.api_url", "http://api.atlassian.com", "must be https; plain http is for"),
        ("atlassian.allowed_sites", "demo-site.example.com", LIST),
        ("atlassian.allowed_sites.0", '["https://demo-site.example.com"]', HOST),
        ("atlassian.allowed_email_domains.0", '["@example.com"]', HOST),
        ("clients.redirect_hosts.0", '["example.com:8443"]', HOST),
        ("clients.custom_schemes.0", '["cursor://"]', SCHEME),
        ("clients.custom_schemes.0", '["Cursor"]', SCHEME),
        ("clients.custom_schemes.0", '["https"]', SCHEME),
        ("listen.host", "", "must be an address to listen at"),
        ("listen.allowed_origins.0", '["https://app.example.com/"]', ORIGIN),
        ("listen.allowed_origins.0", '["https://app.example.com:443"]', ORIGIN),
        ("listen.allowed_origins.0", '["*"]', ORIGIN),
        ("listen.allowed_origins.0", '["null"]', ORIGIN),
        ("listen.trusted_proxies", "10.0.0.0/8", LIST),
        ("listen.trusted_proxies.0", '["proxy"]', NETWORK),
        ("listen.trusted_proxies.0", '["10.0.0.1/8"]', NETWORK),
        ("policy.products.jira.only_in.0", '["A B"]', "must be the key of a project or a space"),
    ],
)
def test_a_value_that_can_never_work_is_one_sentence_at_the_start(
    key: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = f"TELAMON_{key.removesuffix('.0').replace('.', '__').upper()}"
    monkeypatch.setenv(variable, value)
    (line,) = faults().splitlines()
    assert line.startswith(f"{key} ({variable}): {said}")


@pytest.mark.parametrize(
    "origin", ["https://app.example.com:8443", "vscode-webview://1abc", "http://[::1]:3000"]
)
def test_an_origin_as_browsers_write_it_is_taken(
    origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELAMON_LISTEN__ALLOWED_ORIGINS", f'["{origin}"]')
    assert read_settings().listen.allowed_origins == (origin,)


def test_two_listeners_need_two_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELAMON_LISTEN__METRICS_PORT", "8080")
    assert faults() == "listen.metrics_port is listen.port; the two listeners need one each"
    monkeypatch.setenv("TELAMON_LISTEN__METRICS_HOST", "::1")
    assert read_settings().listen.metrics_port == 8080


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_secrets_file_that_cannot_be_read_as_text_is_told(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    monkeypatch.setenv("TELAMON_ATLASSIAN__CLIENT_SECRET_FILE", str(path))
    assert f"CLIENT_SECRET_FILE: there is no file {path} that can be read as text" in faults()


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "telamon.toml").write_bytes(b"\xff")
    assert "telamon.toml" in faults()


def test_a_list_below_a_name_of_the_operators_comes_from_the_environment_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TELAMON_POLICY__PRODUCTS__JIRA__ONLY_IN", '["DEMO", "OPS"]')
    monkeypatch.setenv("TELAMON_PLUGINS__TOYS__COLOURS", '["red"]')
    monkeypatch.setenv("TELAMON_PLUGINS__TOYS__MARK", "[x")
    settings = read_settings()
    assert settings.policy.products["jira"].only_in == ("DEMO", "OPS")
    assert settings.plugins.sections == {"toys": {"colours": ["red"], "mark": "[x"}}
