"""The run as a picture: three curves that should be flat, and one that should rise."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from tests.soak.gauge import Sample

__all__ = ["save"]


def save(samples: Sequence[Sample], title: str, path: Path) -> None:
    """Draw the samples into a PNG file."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    minutes = [sample.seconds / 60 for sample in samples]
    figure, (memory, handles, rate) = plt.subplots(3, 1, sharex=True, figsize=(9, 8), layout="constrained")
    figure.suptitle(title, fontsize=10)
    memory.plot(minutes, [sample.memory for sample in samples], marker=".")
    memory.set_ylabel("resident memory, MB")
    memory.set_ylim(bottom=0)
    handles.plot(minutes, [sample.descriptors for sample in samples], marker=".", label="descriptors")
    handles.plot(minutes, [sample.tasks for sample in samples], marker=".", label="tasks")
    handles.set_ylabel("open at rest")
    handles.set_ylim(bottom=0)
    handles.legend()
    pairs = list(pairwise(samples))
    rates = [(later.calls - earlier.calls) / (later.seconds - earlier.seconds) for earlier, later in pairs]
    rate.plot(minutes[1:], rates, marker=".", label="calls a second")
    rate.plot(minutes, [sample.violations for sample in samples], label="violations, all in all")
    rate.set_xlabel("minutes")
    rate.set_ylim(bottom=0)
    rate.legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)
