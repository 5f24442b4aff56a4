"""The eyes of a run, where its profile wants them."""

from engines.models.store import ModelStore
from stream.config import Profile
from stream.meter import EngineMeter
from stream.sight.eyes_process import EyesProcess
from stream.sight.eyes_thread import EyesThread


def eyes_of(profile: Profile, store: ModelStore, meter: EngineMeter) -> EyesThread | EyesProcess:
    """Return the eyes of a run, not open yet; opening them looks at the enrolment picture.

    Args:
        profile: Which networks, how they are used and where; who is to be watched.
        store: Where the networks are.
        meter: Takes what they took.
    """
    kind = EyesProcess if profile.perception.runtime.is_apart else EyesThread
    return kind(profile.perception, store, meter, profile.reading.enrol)
