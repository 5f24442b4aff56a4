"""A clip sent as a film: there for its questions, gone afterwards, whatever happens in between."""

import hashlib
import json
import re

import pytest
from film_shelf import CUT, uri_of
from teacher_server import SLOW, failed, well

from engines.errors import ConfigError
from training.commands.label import label as work
from training.labelling.errors import UploadError
from training.labelling.loan_notes import LoanNotes
from training.labelling.prices import read_price

QUESTIONS = 4  # two samples of a reason and a reflection


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    # Google's client waits for seconds after a piece of an upload that was not acknowledged
    monkeypatch.setattr("google.genai._api_client.INITIAL_RETRY_DELAY", 0.001)
    monkeypatch.setattr("training.labelling.gemini_films.FIRST_POLL_S", 0.01)


@pytest.fixture
def film(label):
    """Label by films."""
    return lambda clips, **changed: label(clips, show="video", **changed)


def test_a_film_is_sent_once_for_all_questions_about_a_clip(teacher_server, clips, film):
    server = teacher_server()
    code, table = film(clips(2), server=server)
    assert (code, [clip.label for clip in table.clips]) == (0, ["negative"] * 2)
    assert len(server.asked) == 2 * QUESTIONS
    assert server.shelf.steps["upload"] == 2
    for asked in server.asked:
        (part,) = [part for turn in asked.turns for part in turn["parts"] if "fileData" in part]
        assert "video/mp4" in part["fileData"].values()
        assert uri_of(part).startswith(server.urls["gemini"])
        assert part["videoMetadata"]["fps"] == 1.0
        assert "You are given it as a film" in json.dumps(asked.turns[0])


def test_nothing_is_left_behind(teacher_server, clips, film, options):
    server = teacher_server()
    film(clips(3), server=server)
    assert not server.shelf.films
    assert server.shelf.steps["delete"] == 3
    assert not LoanNotes(options([]).out.with_suffix(".cache")).open_loans()


def test_the_table_says_which_film_was_shown(teacher_server, clips, film):
    server = teacher_server()
    _, table = film(clips(1), server=server)
    (clip,) = table.clips
    (sent,) = server.shelf.sent.values()
    assert clip.video == hashlib.sha256(sent).hexdigest()
    assert clip.frames_s == ()
    assert (table.made_by["show"], table.made_by["hz"]) == ("video", 1.0)
    assert "frames" not in table.made_by


def test_a_film_that_nobody_has_to_ask_about_is_not_sent(teacher_server, clips, film):
    server = teacher_server()
    _, first = film(clips(2), server=server)
    _, second = film(clips(2), server=server)
    assert first == second
    assert server.shelf.steps["upload"] == 2
    assert len(server.asked) == 2 * QUESTIONS


def test_frames_film_and_another_rate_are_other_questions(teacher_server, clips, label, film):
    server = teacher_server()
    label(clips(1), server=server)
    film(clips(1), server=server)
    film(clips(1), server=server, hz=2.0)
    assert len(server.asked) == 3 * QUESTIONS


@pytest.mark.parametrize("step", ["start", "upload", "get"])
@pytest.mark.parametrize("what", [(429, "slowly"), (500, "internal"), CUT])
def test_a_trouble_that_passes_costs_an_attempt(what, step, teacher_server, clips, film):
    server = teacher_server()
    server.shelf.behave = lambda told, times: what if told == step and times == 1 else None
    code, table = film(clips(1), server=server)
    assert (code, table.clips[0].status) == (0, "labelled")
    assert len(server.asked) == QUESTIONS
    assert not server.shelf.films


@pytest.mark.parametrize("step", ["start", "upload", "get"])
@pytest.mark.parametrize("what", [(429, "slowly"), (500, "internal"), CUT])
def test_a_trouble_that_stays_is_the_reason(what, step, teacher_server, clips, film):
    server = teacher_server()
    server.shelf.behave = lambda told, times: what if told == step else None
    code, table = film(clips(1), server=server)
    (clip,) = table.clips
    assert (code, clip.status) == (1, "unanswered")
    assert len(clip.reason) > 30
    assert not server.asked
    assert not server.shelf.films


def test_a_film_that_cannot_be_processed_is_the_reason(teacher_server, clips, film):
    server = teacher_server()
    server.shelf.ends_as = "FAILED"
    code, table = film(clips(1), server=server)
    (clip,) = table.clips
    assert (code, clip.status) == (1, "rejected")
    assert "cannot read the film: the video could not be decoded" in clip.reason
    assert (server.shelf.steps["upload"], len(server.asked)) == (1, 0)
    assert not server.shelf.films


def test_a_film_that_is_never_ready_is_the_reason(teacher_server, clips, film):
    server = teacher_server()
    server.shelf.polls = 10**6
    _, table = film(clips(1), server=server, timeout_s=0.3, samples=1, manners={"attempts": 2})
    assert "not ready within 0.3 s" in table.clips[0].reason
    assert server.shelf.steps["upload"] == 1
    assert not server.shelf.films


def test_a_film_that_went_missing_is_sent_again(teacher_server, clips, film):
    server = teacher_server()

    def behave(asked, times):
        if asked.reflects and server.shelf.steps["upload"] == 1:
            server.shelf.films.clear()
            return server.shelf.refusal(asked.body)
        return well(asked)

    server.behave = behave
    code, table = film(clips(1), server=server, samples=1)
    assert (code, table.clips[0].status) == (0, "labelled")
    assert server.shelf.steps["upload"] == 2
    assert not server.shelf.films


def test_questions_that_fail_leave_no_film(teacher_server, clips, film):
    server = teacher_server()
    server.behave = lambda asked, times: failed(asked, 401, "bad key", code="UNAUTHENTICATED")
    code, table = film(clips(3), server=server)
    assert (code, {clip.status for clip in table.clips}) == (1, {"rejected"})
    assert not server.shelf.films


def test_a_deletion_that_fails_is_told_and_made_up_for_by_the_next_run(
    teacher_server, clips, film, capsys
):
    server = teacher_server()
    server.shelf.behave = lambda step, times: (500, "internal") if step == "delete" else None
    code, _ = film(clips(1), server=server)
    assert code == 0
    (name,) = server.shelf.films
    told = capsys.readouterr().err.replace("\n", " ")
    assert re.search(rf"{name} is left with gemini, .* two days", told)
    server.shelf.behave = lambda step, times: None
    film(clips(1), server=server)
    assert not server.shelf.films


def test_a_film_goes_where_frames_may_go_and_not_where_the_answer_says(teacher_server, clips, film):
    server, other = teacher_server(), teacher_server()
    server.shelf.upload_root = other.urls["gemini"]
    code, _ = film(clips(1), server=server)
    assert code == 0
    assert not other.shelf.steps
    assert server.shelf.steps["upload"] == 1


def test_a_redirect_is_not_followed(teacher_server, clips, film, label):
    server, other = teacher_server(), teacher_server()
    for dialect, place in (("gemini", "/v1beta/x"), ("openai", "/v1/chat/completions")):
        url = other.urls["gemini"] + place
        server.behave = lambda asked, times, url=url: (307, {}, {"Location": url})
        _, table = label(clips(1), server=server, dialect=dialect, samples=1)
        assert table.clips[0].status in {"rejected", "unanswered"}
    assert not other.asked


def test_films_are_sent_only_where_allowed_and_the_refusal_says_what_would_be(
    teacher_server, clips, film
):
    server = teacher_server()
    with pytest.raises(UploadError, match="films and their sound of 1 clips would be sent"):
        film(clips(1), server=server, allow_upload=[])
    with pytest.raises(UploadError, match="films without sound of 1 clips"):
        film(clips(1), server=server, allow_upload=[], transcript="none")
    assert not server.shelf.steps


@pytest.mark.parametrize("teacher", ["openai", "recorded", "lexicon", "expression"])
def test_a_teacher_that_takes_no_film_says_so(teacher, teacher_server, clips, options):
    with pytest.raises(ConfigError, match=rf"--show video: {teacher} takes frames"):
        work(options(clips(1), dialect=teacher, show="video"))


def test_seconds_of_film_are_estimated_and_reserved(teacher_server, clips, options, capsys):
    price = read_price("gemini-2.5-pro", None)
    for hz, pictures in ((1.0, 2), (10.0, 11)):
        given = options(clips(1), show="video", hz=hz, estimate_only=True, samples=1)
        assert work(given) == 0
        told = int(
            re.search(r"about ([\d,]+) tokens in", capsys.readouterr().err)[1].replace(",", "")
        )
        assert told >= 2 * pictures * price.video_frame_tokens


def test_a_budget_that_no_question_about_a_film_fits_sends_no_film(teacher_server, clips, film):
    server = teacher_server()
    code, table = film(clips(1), server=server, budget_usd=0.001)
    assert (code, table.clips[0].status) == (1, "unpaid")
    assert not server.shelf.steps


def test_an_upload_that_hangs_is_given_up(teacher_server, clips, film):
    server = teacher_server()
    server.behave = lambda asked, times: SLOW if times == 1 else well(asked)
    code, _ = film(clips(1), server=server, samples=1, timeout_s=0.5)
    assert code == 0
    assert not server.shelf.films
