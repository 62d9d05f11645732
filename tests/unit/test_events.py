"""An event is a plain record that can be stored, compared and pickled."""

import pickle
from dataclasses import FrozenInstanceError, asdict
from typing import get_args

import pytest

from kentik_async import Event, NotFoundError
from kentik_async.events import EventKind


def test_an_event_is_a_record() -> None:
    event = Event("answered", "kmi.get_rankings", 2, 0.25)
    assert asdict(event) == {
        "kind": "answered",
        "operation": "kmi.get_rankings",
        "attempt": 2,
        "duration": 0.25,
        "error": None,
    }
    assert event == pickle.loads(pickle.dumps(event))


def test_an_event_does_not_change() -> None:
    event = Event("sent", "sites.list", 1, 0.0, NotFoundError("x"))
    with pytest.raises(FrozenInstanceError):
        event.kind = "queued"


def test_the_kinds() -> None:
    assert get_args(EventKind) == ("queued", "sent", "answered", "retried", "refused")
