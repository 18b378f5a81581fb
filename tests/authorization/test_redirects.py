"""Redirect URIs: what may be registered, and what counts as the same one."""

import pytest

from telamon.authorization.redirects import BadRedirect, RedirectRules, UnusableRedirect
from telamon.settings import ClientSettings

rules = RedirectRules(ClientSettings())


@pytest.mark.row("MCP-G3")
@pytest.mark.row("MCP-G4")
@pytest.mark.parametrize(
    ("uri", "kind", "target"),
    [
        ("https://claude.ai/api/mcp/auth_callback", "https", "claude.ai"),
        ("https://chatgpt.com/connector/oauth/abc123", "https", "chatgpt.com"),
        ("https://vscode.dev/redirect", "https", "vscode.dev"),
        ("https://app.example.com:8443/cb?x=1", "https", "app.example.com:8443"),
        ("http://localhost:3334/oauth/callback", "loopback", "localhost:3334"),
        ("http://127.0.0.1/", "loopback", "127.0.0.1"),
        ("http://[::1]:5000/cb", "loopback", "[::1]:5000"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "private", "cursor:"),
        ("vscode://saoudrizwan.claude-dev/mcp-auth/callback/0af", "private", "vscode:"),
    ],
)
def test_the_redirect_uris_of_real_clients_are_read(uri: str, kind: str, target: str) -> None:
    read = rules.read(uri)
    assert (read.kind, read.target, read.uri) == (kind, target, uri)


@pytest.mark.row("SEC-A03")
@pytest.mark.row("SEC-A04")
@pytest.mark.row("SEC-D02")
@pytest.mark.parametrize(
    "uri",
    [
        "",
        None,
        7,
        "https://a.example.com/" + "a" * 2048,
        "/relative",
        "//a.example.com/cb",
        "a.example.com/cb",
        "https://",
        "https:///cb",
        "https:a.example.com/cb",
        "http://localhost@evil.example.com/cb",
        "https://user:pass@a.example.com/cb",
        "https://a.example.com\\@evil.example.com/cb",
        "http://localhost\\@evil.example.com/cb",
        "https://a.example.com/../x",
        "https://a.example.com/x/./y",
        "https://a.example.com/x/..",
        "https://a.example.com/%2e%2e/x",
        "https://a.example.com/.%2E/x",
        "https://a.example.com/%2e%2e%5cx",
        "https://a.example.com/cb#fragment",
        "https://a.example.com/cb#",
        " https://a.example.com/cb",
        "https://a.example.com/cb ",
        "https://a.example.com/c\nd",
        "https://a.example.com/c\td",
        "https://a.example.com/c\0d",
        "https://a.example.com/c%0ad",
        "https://a.example.com/c%00d",
        "https://a.example.com/%zz",
        "https://a.example.com/é",
        "https://*.example.com/cb",
        "https://a.example.com/*",
        "https://a.example.com:0/cb",
        "https://a.example.com:65536/cb",
        "https://a.example.com:12ab/cb",
        "https://-a.example.com/cb",
        "http://a.example.com/cb",
        "http://127.0.0.2/cb",
        "http://127.0.0.1.evil.example.com/cb",
        "http://localhost./cb",
        "http://localhost.evil.example.com/cb",
        "http://0.0.0.0/cb",
        "http://[::]/cb",
        "HTTPS://a.example.com/cb",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://a.example.com/x",
        "view-source:https://a.example.com/",
        "intent://scan/#Intent;end",
        "cursor://*/cb",
        "cursor://user@host/cb",
        "cursor://host/../cb",
    ],
)
def test_a_redirect_uri_that_nobody_should_use_is_refused(uri: object) -> None:
    with pytest.raises(BadRedirect) as refusal:
        rules.read(uri)
    assert not isinstance(refusal.value, UnusableRedirect)


def test_no_setting_allows_a_scheme_that_browsers_act_upon() -> None:
    lax = RedirectRules(ClientSettings(custom_schemes=("javascript", "data", "myapp")))
    assert lax.read("myapp://cb").kind == "private"
    for uri in ("javascript:alert(1)", "data:text/html,x"):
        with pytest.raises(BadRedirect):
            lax.read(uri)


def test_a_scheme_that_is_not_allowed_here_is_merely_unusable() -> None:
    with pytest.raises(UnusableRedirect):
        rules.read("myapp://callback")


def test_an_operator_can_name_the_only_hosts_that_codes_go_to() -> None:
    strict = RedirectRules(ClientSettings(redirect_hosts=("app.example.com",)))
    assert strict.read("https://app.example.com/cb").kind == "https"
    assert strict.read("https://App.example.com/cb").kind == "https"
    assert strict.read("http://localhost:1/cb").kind == "loopback"
    for uri in ("https://app.example.com.evil.example.net/cb", "https://x.app.example.com/cb"):
        with pytest.raises(UnusableRedirect):
            strict.read(uri)


@pytest.mark.row("MCP-G3")
def test_of_several_redirect_uris_the_unusable_ones_are_left_out() -> None:
    strict = RedirectRules(ClientSettings(custom_schemes=()))
    usable = strict.usable(
        ["cursor://anysphere.cursor-mcp/oauth/callback", "http://localhost:8787/callback"]
    )
    assert [redirect.uri for redirect in usable] == ["http://localhost:8787/callback"]


def test_nothing_usable_is_a_refusal_that_says_why() -> None:
    strict = RedirectRules(ClientSettings(custom_schemes=()))
    with pytest.raises(UnusableRedirect, match="cursor"):
        strict.usable(["cursor://anysphere.cursor-mcp/oauth/callback"])
    with pytest.raises(BadRedirect, match="at least one"):
        strict.usable([])


def test_one_bad_redirect_uri_among_good_ones_is_a_refusal() -> None:
    with pytest.raises(BadRedirect):
        rules.usable(["https://a.example.com/cb", "javascript:alert(1)"])


@pytest.mark.row("SEC-A05")
@pytest.mark.row("MCP-G2")
@pytest.mark.parametrize(
    ("registered", "used"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:51234/cb"),
        ("http://localhost/callback", "http://localhost:5000/callback"),
        ("http://127.0.0.1:33418/", "http://127.0.0.1:40000/"),
        ("http://[::1]/cb?a=b", "http://[::1]:9/cb?a=b"),
        ("http://localhost:8787/callback", "http://localhost/callback"),
    ],
)
def test_the_port_of_a_loopback_address_does_not_count(registered: str, used: str) -> None:
    found = rules.match([registered], used)
    assert found is not None
    assert found.uri == used


@pytest.mark.row("SEC-A02")
@pytest.mark.row("SEC-A06")
@pytest.mark.row("MCP-G1")
@pytest.mark.row("MCP-I5")
@pytest.mark.parametrize(
    ("registered", "used"),
    [
        ("http://localhost/cb", "http://127.0.0.1/cb"),
        ("http://localhost/cb", "http://[::1]/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1/other"),
        ("http://127.0.0.1/cb", "http://127.0.0.1/cb/"),
        ("http://127.0.0.1/cb", "http://127.0.0.1/CB"),
        ("http://127.0.0.1/cb", "http://127.0.0.1/cb?x=1"),
        ("http://127.0.0.1/cb", "http://127.0.0.2/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example.com/cb"),
        ("http://localhost/cb", "http://localhost./cb"),
        ("http://localhost/cb", "https://localhost/cb"),
        ("https://a.example.com/cb", "https://b.example.com/cb"),
        ("https://a.example.com/cb", "https://A.example.com/cb"),
        ("https://a.example.com/cb", "https://a.example.com:443/cb"),
        ("https://a.example.com:8443/cb", "https://a.example.com:9443/cb"),
        ("https://a.example.com/cb", "https://a.example.com/cb/"),
        ("https://a.example.com/cb", "https://a.example.com/cb?x=1"),
        ("https://a.example.com/cb", "https://a.example.com/c"),
        ("https://a.example.com/cb", "https://a.example.com/cb%20"),
        ("cursor://host/cb", "cursor://host/cb2"),
        ("cursor://host:1/cb", "cursor://host:2/cb"),
        # What was registered before a rule became stricter matches nothing.
        ("http://evil.example.com/cb", "http://evil.example.com/cb"),
        ("http://evil.example.com/cb", "http://localhost/cb"),
    ],
)
def test_anything_else_has_to_be_the_same(registered: str, used: str) -> None:
    assert rules.match([registered], used) is None


def test_no_redirect_uri_matches_where_none_is_registered() -> None:
    assert rules.match([], "https://a.example.com/cb") is None
