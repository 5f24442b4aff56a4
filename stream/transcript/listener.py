"""The listener of one source: sound in, utterances out.

The voice is judged all the time, which costs next to nothing; the recogniser is asked only while
somebody speaks: every hop, in a pause, and at the end, each time over the utterance since its
beginning. One call follows the other, and while it runs the sound waits in the channel: of a live
source each pass then takes in all that came meanwhile, so that a slow machine makes fewer passes
and no more lag. Of a file that is read faster than life every pass is where it would have been,
and gives the same on any machine.
"""

import logging
import math
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Literal

from engines.config import SpeechConfig
from engines.spec.frame import SOUND_RATE_HZ, Gap, Sound
from engines.spec.transcript import Word
from engines.spec.voice import CHUNK
from stream.channel import Channel
from stream.transcript.agreement import LocalAgreement
from stream.transcript.backlog import without_backlog
from stream.transcript.draft import Draft
from stream.transcript.ears import Ears
from stream.transcript.endpoint import Endpointer, VoiceBegan, VoiceEnded
from stream.transcript.heard import Heard
from stream.transcript.lag import LagPolicy, PolicyChange
from stream.transcript.listener_count import ListenerCount
from stream.transcript.recognition import Recognition
from stream.transcript.speech import Speech
from stream.transcript.tape import Tape

log = logging.getLogger(__name__)

Pacing = Literal["live", "paced", "fast"]
"""live: sound comes, whatever we do; paced: a file in real time, which waits for us; fast: a file
as fast as it can be read."""
Listened = Heard | Gap | PolicyChange
"""What a listener has to say."""

NO_EPOCH = -1
STEP = 8 * CHUNK
"""Samples that are judged in one call: a call a chunk would cost more than the judging."""
HOLE_S = 0.02
"""Sound that goes on farther off than this has a hole before it; less is the timestamps' jitter."""
EDGE_S = 0.5
"""A word that ends so near the end of the sound may be half a word."""
CONTEXT_S = 2.5
"""Before so much of an utterance has come nothing is believed: two passes over its first second
agree on what the whole of it then refutes (a third fewer word errors, 0.1 s later)."""
PAUSE_S = 0.2
"""So much silence is worth a pass of its own: no word is cut off in it, and if it turns out to be
the end of the utterance, its last pass has been made."""
AROUND_S = 0.3
"""So much sound before and behind an utterance goes with it."""
LEFT_S = 2.0
"""A cut leaves so much sound to the next utterance: with less it would not be understood."""
TAIL_S = 1.0
"""What is kept of sound that must be cut where nothing is final: a word may have begun in it."""


class Listener:
    """Listens to one source; use it from one task.

    Args:
        source: The name of the source.
        config: How often to pass, and when to believe what was heard.
        ears: What hears.
        pacing: How the sound comes: it says what a delay is, and whether sound may be skipped.
        count: The account to go on with, of the listener before this one, or beside it; it
            numbers the utterances. None for a new one.
        channel: As in ``Sound``: which one it is that it hears.
        now: The monotonic clock, in seconds.

    Attributes:
        count: The account so far.
        heard_until_s: Media time up to which everything was heard and said; None before any
            sound. What becomes final later has an ``available_s`` after it; of a fast source,
            ``SpeechConfig.delay_s`` after it.
        lag_s: How long ago the newest sound that was judged had come, when last looked at.
    """

    def __init__(
        self,
        source: str,
        config: SpeechConfig,
        ears: Ears,
        *,
        pacing: Pacing,
        count: ListenerCount | None = None,
        channel: int | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.count = count or ListenerCount()
        self.heard_until_s: float | None = None
        self.lag_s = 0.0
        self._source = source
        self._channel = channel
        self._config = config
        self._recognition = Recognition(ears, config.language, self.count)
        self._pacing = pacing
        self._now = now
        self._policy = LagPolicy(config, adaptive=pacing != "fast")
        self._out: deque[Listened] = deque()
        self._epoch = NO_EPOCH
        self._tape = Tape(0.0)
        self._judged = 0  # sample of the tape up to which the voice was judged
        self._endpointer = Endpointer(config.voice)
        self._speech: Speech | None = None
        self._deaf = False

    @property
    def policy(self) -> Literal["agreement", "endpoint"]:
        """How words are believed at the moment."""
        return self._policy.current

    async def run(self, sounds: Channel[Sound]) -> AsyncGenerator[Listened, None]:
        """Yield what is heard in a channel of sound, until it is closed."""
        while waiting := await sounds.take():
            async for item in self.hear(waiting):
                yield item
        async for item in self.finish():
            yield item

    async def hear(self, sounds: Sequence[Sound]) -> AsyncGenerator[Listened, None]:
        """Take all the sound that has come, in order, and yield what it makes known."""
        for sound in self._bearable(sounds):
            if sound.epoch != self._epoch or abs(sound.time_s - self._tape.end_s) > HOLE_S:
                await self._end_stretch()
                self._begin_stretch(sound)
            self._tape.put(sound)
            while self._tape.end - self._judged >= STEP:
                await self._step(STEP)
                while self._out:
                    yield self._out.popleft()
                self._note()
        if self._pacing != "fast":
            await self._pass_if_due()
        while self._out:
            yield self._out.popleft()
        self._note()

    async def finish(self) -> AsyncGenerator[Listened, None]:
        """Yield what is still to be said: no more sound is to be waited for.

        What comes all the same begins anew.
        """
        await self._end_stretch()
        self._epoch = NO_EPOCH
        while self._out:
            yield self._out.popleft()
        self._note()

    # -- sound ----------------------------------------------------------------------------------

    def _bearable(self, sounds: Sequence[Sound]) -> Sequence[Sound]:
        """Return the sound; of a live source as much as can be caught up with."""
        if self._pacing != "live":
            return sounds
        kept, gap = without_backlog(sounds)
        if gap is not None:
            self.count.skipped_s += gap.lost_s
            log.warning("%s: %.1f s of sound skipped: too much had come", gap.source, gap.lost_s)
            self._out.append(gap)
        return kept

    def _begin_stretch(self, sound: Sound) -> None:
        self._epoch = sound.epoch
        self._tape = Tape(sound.time_s)
        self._judged = 0
        self._endpointer = Endpointer(self._config.voice)
        self._recognition.reset_voice()

    async def _end_stretch(self) -> None:
        """Hear what is left before a hole, or the end."""
        rest = (self._tape.end - self._judged) // CHUNK * CHUNK
        if rest:
            await self._step(rest)
        self._judged = self._tape.end
        if self._speech is not None:
            await self._end_speech(self._speech)

    async def _step(self, samples: int) -> None:
        """Judge the next samples, and do what they ask for."""
        unheard = self._tape.between(self._judged, self._judged + samples)
        scores = await self._recognition.judge(unheard)
        if scores is None:
            self._skip(samples)
            return
        self._deaf = False
        for score in scores.tolist():
            time_s = self._tape.time_s(self._judged)
            self._judged += CHUNK
            match self._endpointer.update(score, time_s):
                case VoiceBegan(start_s=start_s):
                    self._begin_speech(self._tape.sample(start_s))
                case VoiceEnded() if self._speech is not None:
                    await self._end_speech(self._speech)
        await self._pass_if_long()
        if self._pacing == "fast":
            await self._pass_if_due()
        begin = self._judged if self._speech is None else self._speech.begin
        around_s = AROUND_S + self._config.voice.pad_s + self._config.voice.min_speech_s
        self._tape.forget(begin - round(around_s * SOUND_RATE_HZ) - STEP)

    def _skip(self, samples: int) -> None:
        """Give up the next samples."""
        first, self._judged = self._judged, self._judged + samples
        self._count_skipped(first)
        if self._speech is not None:
            self._close(self._speech)
        self._endpointer = Endpointer(self._config.voice)
        self._recognition.reset_voice()

    def _count_skipped(self, first: int) -> None:
        lost_s = (self._judged - first) / SOUND_RATE_HZ
        self.count.skipped_s += lost_s
        if not self._deaf:  # one that stays dead is told of once
            log.warning("%s: sound is skipped: the recogniser died on it", self._source)
        self._deaf = True

    # -- speech ---------------------------------------------------------------------------------

    def _begin_speech(
        self, begin: int, agreement: LocalAgreement | None = None, words: Sequence[Word] = ()
    ) -> None:
        self._recognition.begin()
        self._speech = Speech(
            begin=begin,
            passed=begin,
            voice_passed_s=self._tape.time_s(begin),
            agreement=agreement or LocalAgreement(),
            draft=Draft(
                source=self._source,
                epoch=self._epoch,
                number=self.count.next_number,
                words=words,
                channel=self._channel,
            ),
        )

    async def _end_speech(self, speech: Speech) -> None:
        if self._is_news(speech) and not await self._pass(speech):
            return
        self._close(speech)

    async def _pass_if_due(self) -> None:
        """Make a pass if a hop is over, or a pause makes a good moment."""
        speech = self._speech
        if speech is None or self._policy.current == "endpoint" or not self._is_news(speech):
            return
        fresh_s = (self._judged - speech.passed) / SOUND_RATE_HZ
        silent_s = self._tape.time_s(self._judged) - (self._endpointer.voice_until_s or 0.0)
        if silent_s >= PAUSE_S or fresh_s >= self._config.hop_s:
            await self._pass(speech)

    async def _pass_if_long(self) -> None:
        """Cut an utterance before it is longer than the recogniser can hear at once."""
        speech = self._speech
        if speech is None:
            return
        longest = round(self._config.longest_s * SOUND_RATE_HZ)
        if self._judged - speech.begin <= longest - STEP:
            return
        if not await self._pass(speech):
            return
        earliest_s = self._tape.time_s(self._judged - longest // 2)
        latest_s = self._tape.time_s(self._judged) - LEFT_S
        if speech.best_cut(earliest_s, latest_s) is None:
            self._add(speech, speech.agreement.believe(latest_s))
        best = speech.best_cut(earliest_s, latest_s)
        if best is None:
            tail = self._judged - round(TAIL_S * SOUND_RATE_HZ)
            best = len(speech.agreement.final), self._tape.time_s(tail)
        self._cut(speech, *best)

    def _cut(self, speech: Speech, count: int, cut_s: float) -> None:
        begin = self._tape.sample(cut_s)
        rest = self._say_last(speech, count, begin)
        speech.agreement.cut(count)
        voice_passed_s = speech.voice_passed_s
        self._begin_speech(begin, speech.agreement, rest)
        if self._speech is not None:
            self._speech.passed = self._judged
            self._speech.voice_passed_s = voice_passed_s

    def _is_news(self, speech: Speech) -> bool:
        """Return whether there was a voice since the newest pass."""
        return (self._endpointer.voice_until_s or 0.0) > speech.voice_passed_s

    async def _pass(self, speech: Speech) -> bool:
        """Have the utterance heard as far as it came; False if its sound had to be given up."""
        samples = self._tape.between(speech.begin, self._judged)
        start_s = self._tape.time_s(speech.begin)
        began_s = self._now()
        hypothesis = await self._recognition.hear(samples, start_s)
        if hypothesis is None:
            self._count_skipped(max(speech.passed, speech.begin))
            self._close(speech)
            if self._endpointer.speaking:
                self._begin_speech(self._judged)
            return False
        until_s = self._tape.time_s(self._judged)
        speech.passed = self._judged
        speech.voice_passed_s = self._endpointer.voice_until_s or until_s
        speech.language = hypothesis.language
        # Nor is a word believed whose language may turn out to be another.
        sure = self._recognition.decided and len(samples) >= CONTEXT_S * SOUND_RATE_HZ
        trusted_until_s = until_s - EDGE_S if sure else -math.inf
        newly = speech.agreement.update(
            hypothesis.words,
            heard_from_s=start_s,
            trusted_until_s=trusted_until_s,
        )
        self._add(speech, newly)
        if self._policy.current == "agreement":
            self._say_revision(speech)
        self._weigh(began_s)
        return True

    def _weigh(self, began_s: float) -> None:
        now_s = self._now()
        took_s = now_s - began_s
        self.count.pass_s += took_s
        lag_s = now_s - self._tape.newest_until(self._judged)[1]
        change = self._policy.passed(now_s=now_s, lag_s=lag_s, took_s=took_s)
        if change is not None:
            self.count.policy_changes += 1
            self._out.append(change)

    # -- words ----------------------------------------------------------------------------------

    def _available_s(self) -> float:
        """Return the media time that is now, where what was judged last has just become known."""
        if self._pacing == "fast":
            return self._tape.time_s(self._judged) + self._config.delay_s
        end_s, arrived_s = self._tape.newest_until(self._judged)
        return end_s + self._now() - arrived_s

    def _add(self, speech: Speech, words: Sequence[Word]) -> None:
        speech.draft.add(words, self._available_s())
        self.count.words += len(words)

    def _say_revision(self, speech: Speech) -> None:
        utterance = speech.draft.revise(
            speech.agreement.tentative,
            available_s=self._available_s(),
            language=speech.language,
        )
        if utterance is not None:
            self._out.append(Heard(utterance=utterance))

    def _close(self, speech: Speech) -> None:
        """End an utterance with all that was heard of it."""
        self._speech = None
        self._add(speech, speech.agreement.finish())
        end = self._tape.sample(self._endpointer.voice_until_s or self._tape.end_s)
        self._say_last(speech, len(speech.draft.words), end)

    def _say_last(self, speech: Speech, count: int, end: int) -> list[Word]:
        """Say an utterance for the last time, up to a word; return the words behind it."""
        utterance, rest = speech.draft.close(
            count, available_s=self._available_s(), language=speech.language
        )
        if utterance is not None:
            around = round(AROUND_S * SOUND_RATE_HZ)
            first = self._tape.sample(self._tape.time_s(speech.begin - around))
            last = self._tape.sample(self._tape.time_s(end + around))
            self._out.append(
                Heard(
                    utterance=utterance,
                    sound=self._tape.between(first, last),
                    sound_s=self._tape.time_s(first),
                )
            )
            self.count.utterances += 1
            self._recognition.end(utterance)
        return rest

    def _note(self) -> None:
        """Note how far everything was heard and said."""
        if self._judged:
            self.heard_until_s = self._tape.time_s(self._judged)
            self.lag_s = self._now() - self._tape.newest_until(self._judged)[1]
