from stream.clock import Clock
from stream.config import ReadingConfig
from stream.episodes import Episodes
from stream.windows import WindowCutter


def events(scenes):
    cutter, episodes = WindowCutter(ReadingConfig(subject="all")), Episodes(Clock())
    return [e for s in scenes if (hop := cutter.add(s, 0.0)) for e in episodes.update(hop)]


def test_an_episode_begins_with_a_person_and_ends_when_they_are_gone(scene):
    there = [scene(i / 10, ("p1", "happy")) for i in range(12)]
    gone = [scene(1.2 + i / 10) for i in range(40)]
    begun, ended = events(there + gone)
    assert (begun.phase, begun.person_id) == ("new", "p1")
    assert (ended.phase, ended.person_id) == ("end", "p1")
    assert begun.episode == ended.episode
    assert begun.id != ended.id


def test_someone_who_stays_is_told_once(scene):
    assert len(events([scene(i / 10, ("p1", "happy")) for i in range(50)])) == 1


def test_ends_come_before_beginnings(scene):
    first = [scene(i / 10, ("p1", "happy")) for i in range(8)]
    later = [scene(3.5 + i / 10, ("p2", "happy")) for i in range(8)]
    phases = [(event.phase, event.person_id) for event in events(first + later)]
    assert phases == [("new", "p1"), ("end", "p1"), ("new", "p2")]
