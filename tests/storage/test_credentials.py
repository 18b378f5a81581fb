from typing import get_args

import pytest

from telamon.storage.credentials import (
    PREFIXES,
    SECRET_PATTERN,
    SecretKind,
    looks_valid,
    new_secret,
)

KINDS: tuple[SecretKind, ...] = get_args(SecretKind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_secret_is_its_kind_s_and_nobody_else_s(kind: SecretKind) -> None:
    secret = new_secret(kind)
    assert secret.startswith(PREFIXES[kind])
    assert len(secret) == 7 + 43 + 6
    assert SECRET_PATTERN.fullmatch(secret)
    assert [k for k in KINDS if looks_valid(k, secret)] == [kind]
    assert new_secret(kind) != secret


@pytest.mark.row("SEC-T36")
def test_a_mistyped_secret_is_told_without_the_database() -> None:
    secret = new_secret("access")
    for position in range(7, len(secret)):
        other = "A" if secret[position] != "A" else "B"
        assert not looks_valid("access", secret[:position] + other + secret[position + 1 :])


@pytest.mark.row("SEC-T36")
@pytest.mark.parametrize(
    "text", ["", "tlm_at_", "tlm_at_" + "é" * 49, "tlm_at_" + "A" * 1_000_000, "Bearer a b", "\0"]
)
def test_garbage_does_not_look_valid(text: str) -> None:
    assert not looks_valid("access", text)


def test_a_secret_is_found_inside_other_text() -> None:
    secret = new_secret("refresh")
    assert SECRET_PATTERN.findall(f"token={secret}&x=1") == [secret]
    assert not looks_valid("refresh", secret + "\n")
