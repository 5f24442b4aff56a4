import pytest

from stream.clock import Clock, rfc3339
from stream.publish.publisher import Publisher, Stamps
from stream.records import EdgeCount


class StillClock(Clock):
    def monotonic_s(self):
        return 100.25

    def unix_s(self):
        return 1_700_000_000.5


class Kept:
    def __init__(self):
        self.records = []

    @property
    def count(self):
        return EdgeCount(edge="kept", received=len(self.records), delivered=0, drops={})

    async def put(self, record):
        self.records.append(record)


def stamps(**changes):
    values = {
        "captured_at": None,
        "arrived_s": 100.0,
        "perceived_s": 100.125,
        "computed_s": 100.1875,
        "face_age_s": None,
    }
    return Stamps(**values | changes)


@pytest.fixture
def sinks():
    return Kept(), Kept()


@pytest.fixture
def publisher(sinks):
    return Publisher(sinks, StillClock())


async def test_every_sink_gets_the_same_stamped_reading(publisher, sinks, a_reading):
    stamped = await publisher.put_reading(a_reading, stamps())
    assert [sink.records for sink in sinks] == [[stamped], [stamped]]


async def test_the_parts_of_the_latency_add_up_to_the_total(publisher, a_reading):
    latency = (await publisher.put_reading(a_reading, stamps())).latency_ms
    assert (latency.perceive, latency.step, latency.publish) == (125.0, 62.5, 62.5)
    assert latency.total == latency.perceive + latency.step + latency.publish


async def test_an_unknown_capture_time_makes_the_decode_latency_null(publisher, a_reading):
    stamped = await publisher.put_reading(a_reading, stamps())
    assert stamped.latency_ms.decode is None
    assert stamped.at.captured is None


async def test_a_known_capture_time_gives_the_latency_until_arrival(publisher, a_reading):
    stamped = await publisher.put_reading(a_reading, stamps(captured_at=1_700_000_000.0))
    assert stamped.latency_ms.decode == 250.0  # arrived .25 s before the clock's .5 s
    assert stamped.at.captured == rfc3339(1_700_000_000.0)


async def test_clocks_that_disagree_make_the_decode_latency_null(publisher, a_reading):
    stamped = await publisher.put_reading(a_reading, stamps(captured_at=1_700_000_005.0))
    assert stamped.latency_ms.decode is None
    assert stamped.at.captured == rfc3339(1_700_000_005.0)


async def test_the_age_counts_from_the_newest_face(publisher, a_reading):
    stamped = await publisher.put_reading(a_reading, stamps(face_age_s=0.4))
    assert stamped.age_ms == 650.0


def test_wall_time_is_rfc_3339_in_utc():
    assert rfc3339(0.25) == "1970-01-01T00:00:00.250Z"
