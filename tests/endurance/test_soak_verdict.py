"""The verdict of a soak names exactly the criteria that are not met."""

import pytest

from tests.soak.gauge import Sample, growth
from tests.soak.run import Course


def course(*, memory: float = 0.0, descriptors: float = 0.0, tasks: float = 0.0, **found: object) -> Course:
    """Return twenty rounds in which measures grow by a constant amount."""
    samples = [
        Sample(10.0 * n, 60 + memory * n, 19 + int(descriptors * n), 1 + int(tasks * n), 100 * n, 0)
        for n in range(1, 21)
    ]
    return Course(samples=samples, requests=2000, ended={"done": 1900}, **found)


def test_a_flat_course_passes() -> None:
    flat = course(refused=7, faults=9)
    assert flat.judge() == []
    assert flat.verdict().startswith("PASSED: 2000 calls, 2000 requests, 9 faults, 3.3 min, 0 violations")


@pytest.mark.parametrize(
    ("missed", "named"),
    [
        (course(memory=0.6), "resident memory grew by 6.0 MB"),
        (course(descriptors=0.2), "2 more descriptors at rest"),
        (course(tasks=0.2), "2 more tasks at rest"),
        (course(violations=1, overruns=1), "1 requests exceeded the quota, 1 the concurrency"),
        (
            course(wrong=["a CancelledError out of nowhere"] * 2),
            "a CancelledError out of nowhere",
        ),
    ],
)
def test_each_bar_that_is_missed_is_named(missed: Course, named: str) -> None:
    assert missed.judge() == [named]
    assert missed.verdict().startswith(f"FAILED ({named})")


def test_a_run_without_success_fails() -> None:
    idle = course()
    idle.ended = {"ConnectError": 2000}
    assert idle.judge() == ["no call succeeded"]


def test_warming_up_and_a_single_peak_are_no_growth() -> None:
    samples = course().samples
    cold = [Sample(1.0, 10.0, 5, 1, 0, 0)] * 5
    peak = [Sample(205.0, 500.0, 19, 1, 2000, 0)]
    assert growth([*cold, *samples, *peak], lambda sample: sample.memory) == 0.0
