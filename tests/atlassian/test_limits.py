import pytest

from telamon.atlassian.limits import retry_after, throttle_of

NOW = 1_767_229_200.0  # 2026-01-01T01:00:00Z


@pytest.mark.row("SEC-U05")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "2"}, 2),
        ({"Retry-After": " 0 "}, 0),
        ({"Retry-After": "9" * 50}, 86_400),
        ({"Retry-After": "Thu, 01 Jan 2026 01:01:00 GMT"}, 60),
        ({"Retry-After": "Thu, 01 Jan 2026 01:01:00 -0000"}, 60),
        ({"Retry-After": "Thu, 01 Jan 2020 00:00:00 GMT"}, 0),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "2026-01-01T01:01:01Z"}, 61),
        ({"X-RateLimit-Reset": "2026-01-01T01:01:01"}, 61),
        ({"X-RateLimit-Reset": "later"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "٣"}, None),
        ({}, None),
    ],
)
def test_the_time_to_wait_is_read_from_any_documented_form(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("reason", "reach", "seconds"),
    [
        ("jira-quota-global-based", "product", 3600 - 600),
        ("confluence-quota-tenant-based", "product", 3600 - 600),
        ("jira-burst-based", "endpoint", 5),
        ("jira-per-issue-on-write", "call", 5),
        ("something-new", "endpoint", 5),
        ("", "endpoint", 5),
    ],
)
def test_the_reason_says_what_has_to_wait_and_a_quota_ends_with_the_hour(
    reason: str, reach: str, seconds: float
) -> None:
    throttle = throttle_of({"RateLimit-Reason": reason}, NOW + 600)
    assert (throttle.reach, throttle.seconds) == (reach, seconds)


def test_nothing_is_throttled_for_longer_than_a_day() -> None:
    far = {"X-RateLimit-Reset": "2099-01-01T00:00:00Z"}
    assert throttle_of(far, NOW).seconds == 86_400
