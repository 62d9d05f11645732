"""The pause before a repetition stays within its bounds, whatever the policy."""

from hypothesis import given
from hypothesis import strategies as st

from kentik_async import Retry, UnavailableError
from kentik_async.retry import Effect

SECONDS = st.floats(0, 1e6)


@given(
    attempts=st.integers(1, 10**9),
    base=SECONDS,
    cap=SECONDS,
    attempt=st.integers(1, 10**9),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_a_pause_is_within_its_bounds(
    attempts: int, base: float, cap: float, attempt: int, chance: float
) -> None:
    retry = Retry(attempts, base, cap)
    pause = retry.pause(UnavailableError("x"), attempt, Effect.READ, lambda: chance)
    if attempt >= attempts:
        assert pause is None
    else:
        assert pause is not None
        assert 0 <= pause <= cap
        assert attempt > 1 or pause <= base


@given(attempts=st.integers(1, 50))
def test_no_more_attempts_than_the_maximum(attempts: int) -> None:
    retry, sent = Retry(attempts, 0, 0), 1
    while retry.pause(UnavailableError("x"), sent, Effect.REPLACE) is not None:
        sent += 1
    assert sent == attempts
