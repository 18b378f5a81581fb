from ipaddress import ip_network

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from conftest import FakeClock
from multidict import CIMultiDict

from telamon.web.limits import Limiter, client_network, too_many

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def a_request(peer: str, *forwarded: str) -> web.Request:
    headers = CIMultiDict(("X-Forwarded-For", each) for each in forwarded)
    return make_mocked_request("GET", "/", headers=headers).clone(remote=peer)


def test_a_bucket_gives_its_burst_then_refills(clock: FakeClock) -> None:
    limiter = Limiter(clock)
    assert [limiter.take("x", "k", per_minute=2) for _ in range(3)] == [None, None, 30.0]
    clock.advance(29)
    assert limiter.take("x", "k", per_minute=2) == pytest.approx(1)
    clock.advance(1)
    assert limiter.take("x", "k", per_minute=2) is None


def test_a_refused_attempt_costs_nothing(clock: FakeClock) -> None:
    limiter = Limiter(clock)
    limiter.take("x", "k", per_minute=1)
    for _ in range(100):
        assert limiter.take("x", "k", per_minute=1) == 60
    clock.advance(60)
    assert limiter.take("x", "k", per_minute=1) is None


def test_asking_takes_nothing(clock: FakeClock) -> None:
    limiter = Limiter(clock)
    assert [limiter.wait("x", "k", per_minute=1) for _ in range(3)] == [None] * 3
    assert len(limiter) == 0
    limiter.take("x", "k", per_minute=1)
    assert limiter.wait("x", "k", per_minute=1) == 60
    clock.advance(60)
    assert limiter.wait("x", "k", per_minute=1) is None


def test_keys_and_limits_do_not_share_a_bucket(clock: FakeClock) -> None:
    limiter = Limiter(clock)
    assert limiter.take("x", "k", per_minute=1) is None
    assert limiter.take("x", "other", per_minute=1) is None
    assert limiter.take("y", "k", per_minute=1) is None


def test_a_daily_limit_is_a_slow_bucket_with_a_burst(clock: FakeClock) -> None:
    limiter = Limiter(clock)
    daily = [limiter.take("day", "k", per_minute=100 / 1440, burst=100) for _ in range(101)]
    assert daily[:100] == [None] * 100
    assert daily[100] == pytest.approx(864)


def test_a_clock_that_goes_back_takes_nothing_away(clock: FakeClock) -> None:
    limiter = Limiter(clock)
    limiter.take("x", "k", per_minute=2)
    clock.advance(-1000)
    assert limiter.take("x", "k", per_minute=2) is None


@pytest.mark.row("SEC-R07")
def test_memory_is_bounded_and_the_oldest_bucket_goes_first(clock: FakeClock) -> None:
    limiter = Limiter(clock, most=3)
    for key in ("a", "b", "c"):
        limiter.take("x", key, per_minute=1)
    limiter.take("x", "a", per_minute=1)
    limiter.take("x", "d", per_minute=1)
    assert len(limiter) == 3
    assert limiter.take("x", "a", per_minute=1) is not None
    assert limiter.take("x", "b", per_minute=1) is None


def test_a_caller_is_its_ipv4_address_or_its_ipv6_network() -> None:
    assert client_network(a_request("192.0.2.7"), ()) == "192.0.2.7"
    assert client_network(a_request("2001:db8:1:2:3::4"), ()) == "2001:db8:1:2::/64"
    assert client_network(a_request("::ffff:192.0.2.7"), ()) == "192.0.2.7"
    assert client_network(a_request("fe80::1%eth0"), ()) == "fe80::/64"
    assert client_network(a_request("a socket"), ()) == "local"


@pytest.mark.row("SEC-H05")
def test_forwarding_headers_of_a_stranger_are_ignored() -> None:
    assert client_network(a_request("192.0.2.7", "198.51.100.1"), PROXIES) == "192.0.2.7"


@pytest.mark.parametrize(
    ("forwarded", "found"),
    [
        (("198.51.100.1",), "198.51.100.1"),
        (("203.0.113.9, 198.51.100.1",), "198.51.100.1"),
        (("203.0.113.9", "198.51.100.1, 10.2.0.1"), "198.51.100.1"),
        (("nonsense",), "10.0.0.1"),
        (("203.0.113.9, nonsense, 10.2.0.1",), "10.2.0.1"),
        ((), "10.0.0.1"),
        (("10.3.0.1",), "10.3.0.1"),
        ((", ".join(["203.0.113.9"] + ["10.0.0.2"] * 50),), "10.0.0.2"),
    ],
)
def test_forwarding_headers_are_read_from_the_right_as_far_as_they_are_trusted(
    forwarded: tuple[str, ...], found: str
) -> None:
    assert client_network(a_request("10.0.0.1", *forwarded), PROXIES) == found


def test_too_many_says_how_long_to_wait_in_whole_seconds() -> None:
    answer = too_many(1.2)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "2")
    assert too_many(0).headers["Retry-After"] == "1"
