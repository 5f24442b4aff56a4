import asyncio
import contextlib
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import psutil
import pytest
from faster_whisper.audio import decode_audio

from engines.config import SpeechConfig
from engines.errors import ConfigError, ModelMissingError
from engines.spec.voice import CHUNK
from stream import succession
from stream.errors import EarsLostError
from stream.succession import Health
from stream.transcript.speech_process import SpeechProcess

JFK_WORDS = 22


@pytest.fixture(scope="module")
def folder(need_model):
    return need_model("whisper-tiny.en")


@pytest.fixture(scope="module")
def jfk(media):
    return decode_audio(str(media / "audio/jfk.flac"))


@pytest.fixture
def ears(folder):
    return SpeechProcess(folder, SpeechConfig())


def hear(ears, sound, start_s=0.0):
    return ears.transcribe(sound, start_s=start_s, language="en", prompt="")


async def kill_in_the_middle(ears, sound):
    """Kill the process during a call; return what the call raised."""
    call = asyncio.create_task(hear(ears, sound))
    await asyncio.sleep(0.03)
    os.kill(ears.pid, signal.SIGKILL)
    with pytest.raises(EarsLostError) as caught:
        await call
    return caught.value


@pytest.mark.parametrize("process", ["child", "thread"])
async def test_it_hears_words_and_voices(folder, jfk, process):
    async with SpeechProcess(folder, SpeechConfig(process=process)) as ears:
        heard = await hear(ears, jfk, start_s=40.0)
        scores, state = await ears.voice(jfk[: 100 * CHUNK], None)
        more, _ = await ears.voice(jfk[100 * CHUNK : 110 * CHUNK], state)
        assert (ears.pid is None) == (process == "thread")
    assert len(heard.words) == JFK_WORDS
    assert heard.words[0].text == "And"
    assert 40.0 <= heard.words[0].start_s < heard.words[-1].end_s <= 51.0
    assert (len(scores), len(more)) == (100, 10)
    assert scores.max() > 0.5
    assert ears.health == Health(state="ok", detail=None)


async def test_the_process_is_another_and_ends_with_it(ears):
    async with ears:
        pid = ears.pid
        assert pid != os.getpid()
        assert psutil.Process(pid).ppid() == os.getpid()
    assert not psutil.pid_exists(pid)
    assert ears.pid is None


async def test_several_sources_take_turns(ears, jfk):
    done = []

    async def source(name, n):
        for _ in range(n):
            await hear(ears, jfk[:32000])
            done.append(name)

    async with ears, asyncio.TaskGroup() as tasks:
        for name in "abc":
            tasks.create_task(source(name, 4))
    # one call under way each: nobody is two ahead of anybody
    for n in range(1, len(done) + 1):
        counts = [done[:n].count(name) for name in "abc"]
        assert max(counts) - min(counts) <= 1


async def test_a_death_is_told_to_its_caller_and_the_next_call_finds_a_successor(ears, jfk):
    told = []
    async with ears:
        before = (await hear(ears, jfk)).words
        first = ears.pid
        with ears.watched(told.append):
            error = await kill_in_the_middle(ears, jfk)
            assert (await hear(ears, jfk)).words == before
        assert ears.pid not in {None, first}
        assert ears.restarts == 1
    assert str(error) == "the speech process was ended by signal 9 (Killed)"
    assert told == [
        Health(state="reconnecting", detail=str(error)),
        Health(state="ok", detail=f"{error}; started again (1)"),
    ]


async def test_all_who_were_asking_are_told_of_one_death(ears, jfk):
    async with ears:
        calls = [asyncio.create_task(hear(ears, jfk)) for _ in range(4)]
        await asyncio.sleep(0.03)
        os.kill(ears.pid, signal.SIGKILL)
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(result) for result in results} == {EarsLostError}
        again = await asyncio.gather(*(hear(ears, jfk) for _ in range(4)))
        assert {len(heard.words) for heard in again} == {JFK_WORDS}
        assert ears.restarts == 1


async def test_a_death_between_two_calls_is_noticed_by_the_next(ears, jfk):
    async with ears:
        os.kill(ears.pid, signal.SIGKILL)
        with pytest.raises(EarsLostError, match="signal 9"):
            await hear(ears, jfk)
        assert len((await hear(ears, jfk)).words) == JFK_WORDS


async def test_what_dies_again_and_again_stays_lost(ears, jfk, monkeypatch):
    monkeypatch.setattr(succession, "RESTARTS", 2)
    ears = SpeechProcess(ears._open.args[0], SpeechConfig())
    told = []
    async with ears:
        with ears.watched(told.append):
            for _ in range(2):
                await kill_in_the_middle(ears, jfk)
                await ears.voice(jfk[:CHUNK], None)
            await kill_in_the_middle(ears, jfk)
            for _ in range(3):
                with pytest.raises(EarsLostError, match="2 restarts within 60 s: no more"):
                    await asyncio.wait_for(hear(ears, jfk), timeout=1)
        assert ears.pid is None
    states = ["reconnecting", "ok", "reconnecting", "ok", "reconnecting", "failed"]
    assert [health.state for health in told] == states
    assert ears.restarts == 2


async def test_a_model_that_went_away_is_not_tried_again(folder, jfk, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "model"))
    async with SpeechProcess(copy, SpeechConfig()) as ears:
        shutil.rmtree(copy)
        await kill_in_the_middle(ears, jfk)
        for _ in range(2):
            with pytest.raises(EarsLostError, match=r"cannot be started again: .* no such speech"):
                await hear(ears, jfk)
        assert (ears.health.state, ears.restarts) == ("failed", 0)


async def test_a_caller_who_gives_up_while_it_starts_again_harms_nobody(ears, jfk):
    async with ears:
        await kill_in_the_middle(ears, jfk)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(hear(ears, jfk), timeout=0.05)
        assert len((await hear(ears, jfk)).words) == JFK_WORDS


@pytest.mark.parametrize("process", ["child", "thread"])
async def test_what_cannot_be_opened_says_why(folder, tmp_path, process):
    with pytest.raises(ModelMissingError, match="no such speech model"):
        async with SpeechProcess(tmp_path / "nothing", SpeechConfig(process=process)):
            pass
    with pytest.raises(ConfigError, match="does not know 'de'"):
        async with SpeechProcess(folder, SpeechConfig(process=process, language="de")):
            pass


async def test_a_wrong_call_is_the_callers_error_and_no_death(ears, jfk):
    async with ears:
        with pytest.raises(ValueError, match="multiple of 512"):
            await ears.voice(jfk[:100], None)
        with pytest.raises(ConfigError, match="does not know 'ko'"):
            await ears.transcribe(jfk, start_s=0.0, language="ko", prompt="")
        assert ears.restarts == 0
        assert len((await hear(ears, jfk)).words) == JFK_WORDS


async def test_it_tells_what_it_took(ears, jfk):
    async with ears:
        assert ears.process_cpu_s > 0  # opening it
        for _ in range(2):
            await hear(ears, jfk)
        await ears.voice(np.zeros(10 * CHUNK, np.float32), None)
        meter = ears.meter
        assert meter.calls == {"transcribe": 2, "voice": 1}
        assert meter.sound_s["transcribe"] == pytest.approx(22.0)
        assert meter.sound_s["voice"] == pytest.approx(0.32)
        assert meter.seconds["transcribe"] > meter.seconds["voice"] > 0
        assert sum(meter.run_ms["transcribe"].samples) == pytest.approx(
            1000 * meter.seconds["transcribe"]
        )
        assert len(meter.wait_ms["transcribe"].samples) == 2
        assert min(meter.wait_ms["transcribe"].samples) > 0  # to the process and back
        assert meter.cpu_s.keys() == {"transcribe", "voice"}
        assert sum(meter.cpu_s.values()) < ears.process_cpu_s
        before_s = ears.process_cpu_s
        await kill_in_the_middle(ears, jfk)
        await hear(ears, jfk)
        assert ears.process_cpu_s > before_s  # the dead one's is kept
    assert ears.process_cpu_s > before_s


async def test_in_a_thread_processor_seconds_cannot_be_told_apart(folder, jfk):
    async with SpeechProcess(folder, SpeechConfig(process="thread")) as ears:
        await hear(ears, jfk)
    assert ears.meter.cpu_s is None
    assert ears.meter.calls == {"transcribe": 1}
    assert ears.process_cpu_s == 0


async def test_it_can_be_left_in_the_middle_of_a_call(ears, jfk):
    with contextlib.suppress(TimeoutError):
        async with ears:
            pid = ears.pid
            async with asyncio.timeout(0.02):
                await hear(ears, jfk)
    assert not psutil.pid_exists(pid)
