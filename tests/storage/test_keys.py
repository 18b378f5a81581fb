from base64 import b64encode, urlsafe_b64encode

import pytest

from telamon.storage import KeyRing, StorageRefused, new_key

RAW = bytes.fromhex("8f1b7c0de25a3946d0b1c2f7e6a45388190f2e3d4c5b6a7980a1b2c3d4e5f607")


def entry(raw: bytes, key_id: str = "k1") -> str:
    return f"{key_id}:{b64encode(raw).decode()}"


def test_a_new_key_is_accepted_and_never_the_same() -> None:
    assert new_key() != new_key()
    ring = KeyRing.parse([new_key(), new_key()])
    assert len(ring.keys) == 2


def test_the_first_key_encrypts() -> None:
    ring = KeyRing.parse([entry(RAW, "k2"), new_key()])
    assert ring.first == "k2"


def test_base64url_and_missing_padding_and_blanks_are_accepted() -> None:
    plain = KeyRing.parse([entry(RAW)])
    assert KeyRing.parse([f" k1:{urlsafe_b64encode(RAW).decode().rstrip('=')}\n"]) == plain
    high = bytes(255 - byte for byte in RAW)
    assert KeyRing.parse([f"k1:{urlsafe_b64encode(high).decode()}"]) == KeyRing.parse([entry(high)])


@pytest.mark.row("SEC-L03")
def test_a_printed_ring_shows_no_key() -> None:
    assert str(RAW[:4]) not in repr(KeyRing.parse([entry(RAW)]))
    assert "keys" not in repr(KeyRing.parse([entry(RAW)]))


@pytest.mark.row("SEC-K07")
@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([], "no encryption key"),
        (["no-colon"], "key 1 is not written"),
        ([":AAAA"], "key 1 is not written"),
        (["bad id:AAAA"], "key 1 is not written"),
        (["k1:***"], "'k1' is not base64"),
        (["k1:A"], "'k1' is not base64"),
        (["k1:"], "'k1' has 0 bytes"),
        ([entry(RAW[:31])], "'k1' has 31 bytes"),
        ([entry(bytes(32))], "example or not random"),
        ([entry(bytes(range(32)))], "example or not random"),
        ([entry(b"ab" * 16)], "example or not random"),
        ([entry(b"change-me, this is only an example key!")], "example or not random"),
        ([entry(RAW), entry(RAW[::-1])], "'k1' is given twice"),
        ([entry(RAW), entry(RAW, "k2")], "have the same key"),
    ],
)
def test_a_weak_or_malformed_key_is_refused(entries: list[str], says: str) -> None:
    with pytest.raises(StorageRefused, match=says):
        KeyRing.parse(entries)


@pytest.mark.row("SEC-K07")
def test_a_refusal_does_not_show_the_key() -> None:
    with pytest.raises(StorageRefused) as refused:
        KeyRing.parse([entry(RAW[:31])])
    assert b64encode(RAW[:31]).decode()[:10] not in str(refused.value)


def test_sub_keys_differ_by_purpose_and_by_key() -> None:
    ring, other = KeyRing.parse([entry(RAW)]), KeyRing.parse([new_key()])
    assert len(ring.derive("csrf")) == 32
    assert ring.derive("csrf") == ring.derive("csrf")
    assert len({ring.derive("csrf"), ring.derive("state"), other.derive("csrf")}) == 3
