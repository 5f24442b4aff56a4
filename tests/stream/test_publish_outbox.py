from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stream.publish.message import Message
from stream.publish.outbox import Outbox
from stream.publish.retained import Retained


def message(payload=b"x", topic="t", *, retain=False):
    return Message(topic=topic, payload=payload, kind="reading", retain=retain, expiry_s=None)


def outbox(**bounds):
    return Outbox("mqtt", **{"max_rows": 100, "max_bytes": 1e6, "max_age_s": 100.0} | bounds)


def drain(box, now_s=0.0):
    payloads = []
    while (held := box.take(now_s)) is not None:
        payloads.append(held.message.payload)
        box.confirm()
    return payloads


def test_messages_leave_in_the_order_they_came():
    box = outbox()
    for i in range(5):
        box.add(message(b"%d" % i), 0.0)
    assert drain(box) == [b"0", b"1", b"2", b"3", b"4"]
    assert box.count.delivered == 5


def test_the_oldest_is_dropped_when_there_are_too_many_and_counted():
    box = outbox(max_rows=2)
    for i in range(5):
        box.add(message(b"%d" % i), 0.0)
    assert drain(box) == [b"3", b"4"]
    assert box.count.drops == {"rows": 3}


def test_the_oldest_are_dropped_when_there_are_too_many_bytes():
    box = outbox(max_bytes=25)
    for size in (9, 9, 15):
        box.add(message(b"x" * size), 0.0)
    assert [len(payload) for payload in drain(box)] == [15]
    assert box.count.drops == {"bytes": 2}


def test_a_message_too_large_for_the_outbox_drops_no_other():
    box = outbox(max_bytes=10)
    box.add(message(b"small"), 0.0)
    box.add(message(b"x" * 20), 0.0)
    assert drain(box) == [b"small"]
    assert box.count.drops == {"bytes": 1}


def test_what_is_too_old_is_not_delivered():
    box = outbox(max_age_s=10)
    box.add(message(b"old"), 0.0)
    box.add(message(b"new"), 5.0)
    assert drain(box, now_s=11.0) == [b"new"]
    assert box.count.drops == {"expired": 1}


def test_what_was_not_confirmed_is_the_next_to_go():
    box = outbox()
    box.add(message(b"0"), 0.0)
    box.add(message(b"1"), 0.0)
    box.take(0.0)
    box.put_back(0.0)
    assert drain(box) == [b"0", b"1"]


def test_a_message_under_way_is_not_dropped_for_a_newer_one():
    box = outbox(max_rows=1)
    box.add(message(b"0"), 0.0)
    box.take(0.0)
    box.add(message(b"1"), 0.0)
    box.confirm()
    assert drain(box) == [b"1"]
    assert box.count.drops == {}


def test_only_one_message_is_under_way():
    box = outbox()
    box.add(message(), 0.0)
    box.take(0.0)
    with pytest.raises(RuntimeError, match="under way"):
        box.take(0.0)


def test_a_message_acknowledged_after_it_was_given_up_is_counted_once():
    box = outbox()
    box.add(message(), 0.0)
    box.take(0.0)
    box.abandon()
    box.confirm()
    box.put_back(0.0)
    assert (box.count.delivered, box.count.drops, len(box)) == (0, {"unconfirmed": 1}, 0)


class OutboxAccount(RuleBasedStateMachine):
    """Whatever happens, in whatever order: nothing is lost without being counted."""

    def __init__(self):
        super().__init__()
        self.box = outbox(max_rows=4, max_bytes=60, max_age_s=10)
        self.now_s = 0.0
        self.sent = 0
        self.delivered = deque()
        self.under_way = None

    @rule(size=st.integers(0, 70))
    def add(self, size):
        self.box.add(message(b"%d " % self.sent + b"x" * size), self.now_s)
        self.sent += 1

    @rule()
    def take(self):
        if self.under_way is None:
            self.under_way = self.box.take(self.now_s)

    @rule(fate=st.sampled_from(["confirm", "refuse", "put_back"]))
    def settle(self, fate):
        if self.under_way is None:
            return
        if fate == "put_back":
            self.box.put_back(self.now_s)
        elif fate == "refuse":
            self.box.refuse()
        else:
            self.box.confirm()
            self.delivered.append(int(self.under_way.message.payload.split()[0]))
        self.under_way = None

    @rule(seconds=st.floats(0, 12))
    def wait(self, seconds):
        self.now_s += seconds

    @rule()
    def abandon(self):
        self.box.abandon()
        self.under_way = None

    @invariant()
    def received_is_delivered_and_held_and_dropped(self):
        count = self.box.count
        assert count.received == self.sent
        assert count.delivered == len(self.delivered)
        assert count.received == count.delivered + len(self.box) + sum(count.drops.values())

    @invariant()
    def delivered_in_order_and_once(self):
        assert list(self.delivered) == sorted(set(self.delivered))

    @invariant()
    def the_bounds_hold(self):
        assert len(self.box) <= 4 + 1
        assert self.box._waiting_bytes <= 60
        assert self.box._waiting_bytes == sum(held.message.size for held in self.box._waiting)


TestOutboxAccount = OutboxAccount.TestCase
TestOutboxAccount.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)


def test_only_the_newest_state_of_a_topic_is_owed():
    state = Retained()
    state.put(message(b"1", "a", retain=True))
    state.put(message(b"2", "a", retain=True))
    newest = state.next()
    assert newest.payload == b"2"
    state.confirm(newest)
    assert state.next() is None
    assert (state.received, state.delivered, state.drops) == (2, 1, {"superseded": 1})


def test_every_connect_owes_all_state_again_and_counts_it_once():
    state = Retained()
    for topic in ("a", "b"):
        state.put(message(topic=topic, retain=True))
        state.confirm(state.next())
    state.renew()
    topics = []
    while (owed := state.next()) is not None:
        topics.append(owed.topic)
        state.confirm(owed)
    assert topics == ["a", "b"]
    assert (state.received, state.delivered) == (2, 2)


def test_a_state_replaced_while_it_was_under_way_is_owed_anew():
    state = Retained()
    state.put(message(b"1", "a", retain=True))
    first = state.next()
    state.put(message(b"2", "a", retain=True))
    state.confirm(first)
    assert state.next().payload == b"2"
    state.confirm(state.next())
    assert (state.received, state.delivered, state.drops) == (2, 1, {"superseded": 1})
