import pytest
from fakes.cloud import Ticking

from telamon.atlassian.lanes import THROTTLES, Breaker, Lane


@pytest.mark.row("SEC-U20")
def test_a_breaker_opens_after_failures_in_a_row_and_lets_one_try(clock: Ticking) -> None:
    breaker = Breaker(clock, failures=2, cool=10)
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.wait() == 0
    breaker.failed()
    assert breaker.wait() == 10
    clock.advance(10)
    assert breaker.wait() == 0
    assert breaker.wait() == 10
    breaker.succeeded()
    assert breaker.wait() == 0


def test_a_lane_remembers_a_bounded_number_of_throttles(clock: Ticking) -> None:
    lane = Lane(clock)
    for number in range(THROTTLES + 1):
        lane.throttle((str(number),), 60)
    assert lane.throttled(("0",)) == 0
    assert lane.throttled(("1",), ("nothing",)) == 60
    lane.throttle(("1",), 5)
    assert lane.throttled(("1",)) == 60
    clock.advance(61)
    assert lane.throttled(("1",)) == 0


def test_repetitions_have_to_be_earned_once_the_credit_is_used_up(clock: Ticking) -> None:
    lane = Lane(clock)
    assert [lane.spend() for _ in range(11)] == [True] * 10 + [False]
    for _ in range(11):
        lane.earn()
    assert [lane.spend(), lane.spend()] == [True, False]
