"""What may be spent is spent and no more, whatever happens, over all runs."""

import asyncio
import json

import pytest
from teacher_server import GARBAGE, TOKENS_IN, TOKENS_OUT, answer, failed, well

from engines.errors import ConfigError
from training.commands.label import label as work
from training.errors import DatasetError
from training.labelling.account import Account
from training.labelling.errors import BudgetSpentError
from training.labelling.prices import read_price

PRICE = read_price("gemini-2.5-pro", None)
CALL_USD = PRICE.usd(TOKENS_IN, TOKENS_OUT)


def ledger(folder, **limits):
    return Account(folder / "ledger.jsonl", **{"limit_usd": None, "limit_calls": None} | limits)


def test_a_reservation_counts_until_it_is_settled(tmp_path):
    async def spend():
        with ledger(tmp_path, limit_usd=1.0) as account:
            ticket = await account.reserve(0.75)
            assert account.usd == 0.75
            account.settle(ticket, 0.25)
            assert account.usd == 0.25
            await account.reserve(0.75)

    asyncio.run(spend())


def test_a_call_that_may_cost_too_much_is_not_made(tmp_path):
    async def spend():
        with ledger(tmp_path, limit_usd=1.0) as account:
            account.settle(await account.reserve(0.75), 0.5)
            with pytest.raises(BudgetSpentError, match=r"--budget 1 USD: 0.5000 .* 0.6000"):
                await account.reserve(0.6)

    asyncio.run(spend())


def test_what_calls_under_way_leave_over_is_waited_for(tmp_path):
    async def spend():
        with ledger(tmp_path, limit_usd=1.0) as account:
            first = await account.reserve(0.75)
            waiting = asyncio.create_task(account.reserve(0.75))
            await asyncio.sleep(0)
            assert not waiting.done()
            account.settle(first, 0.1)
            await waiting
            assert account.usd == pytest.approx(0.85)

    asyncio.run(spend())


def test_a_call_that_nobody_settled_counts_in_the_next_run(tmp_path):
    async def spend():
        with ledger(tmp_path, limit_usd=1.0) as account:
            await account.reserve(0.75)
        with ledger(tmp_path, limit_usd=1.0) as account:
            assert (account.usd, account.calls) == (0.75, 1)
            with pytest.raises(BudgetSpentError):
                await account.reserve(0.5)

    asyncio.run(spend())


def test_a_ledger_that_a_kill_left_half_written_goes_on(tmp_path):
    async def spend():
        with ledger(tmp_path) as account:
            await account.reserve(0.5)
        with (tmp_path / "ledger.jsonl").open("a") as file:
            file.write('{"ticket": 1, "reser')
        for calls in (1, 2):
            with ledger(tmp_path) as account:
                assert account.calls == calls
                await account.reserve(0.5)

    asyncio.run(spend())


def test_a_ledger_that_is_none_is_refused(tmp_path):
    (tmp_path / "ledger.jsonl").write_text("hello\n{}\n")
    with pytest.raises(DatasetError, match="line 1: not a line of a ledger"):
        ledger(tmp_path)


def spent_at_most(server, price):
    """Return what the server could have asked for: its answers, by its own count."""
    return len(server.asked) * price.usd(TOKENS_IN, TOKENS_OUT)


@pytest.mark.parametrize("budget_usd", [0.0, 0.02, 0.05, 0.08])
def test_a_budget_is_never_exceeded(budget_usd, teacher_server, clips, label):
    server = teacher_server(wait_s=0.005)
    code, table = label(clips(6), server=server, budget_usd=budget_usd, samples=3)
    assert spent_at_most(server, PRICE) <= budget_usd
    assert code == 1
    assert all((clip.label is None) != (clip.reason == "") for clip in table.clips)
    ended = {sample.outcome for clip in table.clips for sample in clip.samples}
    assert "unpaid" in ended
    assert ended <= {"labelled", "unpaid"}
    if budget_usd >= 0.05:
        assert "labelled" in ended


def test_a_rerun_does_not_spend_a_budget_twice_and_a_higher_one_goes_on(
    teacher_server, clips, label
):
    server = teacher_server()
    label(clips(4), server=server, budget_usd=0.04)
    asked = len(server.asked)
    label(clips(4), server=server, budget_usd=0.04)
    assert spent_at_most(server, PRICE) <= 0.04
    code, _ = label(clips(4), server=server, budget_usd=5.0)
    assert code == 0
    assert asked < len(server.asked) == 16


def test_an_attempt_whose_price_nobody_knows_counts_at_its_most(teacher_server, clips, label):
    server = teacher_server()
    server.behave = lambda asked, times: GARBAGE
    label(clips(4), server=server, budget_usd=0.06, manners={"attempts": 50})
    longest_usd = PRICE.usd(0, 1024)
    assert len(server.asked) * longest_usd <= 0.06
    assert len(server.asked) < 6


def test_an_attempt_that_was_turned_away_is_free(teacher_server, clips, label):
    server = teacher_server()
    server.behave = lambda asked, times: (
        failed(asked, 429, "wait", retry_s=0.001) if times <= 5 else well(asked)
    )
    code, _ = label(clips(1), server=server, samples=1, budget_usd=0.04, manners={"attempts": 6})
    assert (code, len(server.asked)) == (0, 12)


def test_an_answer_without_a_count_of_tokens_counts_at_its_most(teacher_server, clips, label):
    server = teacher_server()

    def uncounted(asked, times):
        status, content = well(asked)
        del content["usageMetadata"]
        return status, content

    server.behave = uncounted
    _, table = label(clips(1), server=server, samples=1)
    assert table.clips[0].cost_usd >= 2 * PRICE.usd(0, 1024)


def test_no_more_calls_are_made_than_allowed(teacher_server, clips, label):
    server = teacher_server()
    code, _ = label(clips(4), server=server, budget_usd=None, max_calls=7)
    assert (code, len(server.asked)) == (1, 7)


def test_a_model_of_unknown_price_keeps_no_budget_and_says_so(teacher_server, clips, label, capsys):
    server = teacher_server()
    with pytest.raises(ConfigError, match=r"price of gemini-9 is unknown.*--max-calls"):
        label(clips(1), server=server, model="gemini-9")
    assert not server.asked
    _, table = label(clips(1), server=server, model="gemini-9", budget_usd=None, max_calls=50)
    assert "the price of gemini-9 is unknown" in capsys.readouterr().err
    assert table.clips[0].cost_usd is None


def test_a_price_of_ones_own_is_taken(tmp_path, teacher_server, clips, label):
    server = teacher_server()
    prices = tmp_path / "prices.yaml"
    prices.write_text(
        "models:\n  gemini-9: {input_usd: 1, output_usd: 2, image_tokens: 300, "
        "up_to_tokens: 100000, as_of: 2026-11-01}\n"
    )
    _, table = label(clips(1), server=server, model="gemini-9", prices=prices, samples=1)
    assert table.clips[0].cost_usd == pytest.approx(2 * (TOKENS_IN + 2 * TOKENS_OUT) / 1e6)


def test_without_a_limit_nothing_is_sent(teacher_server, clips, label):
    server = teacher_server()
    with pytest.raises(ConfigError, match="expected a limit, --budget USD or --max-calls"):
        label(clips(1), server=server, budget_usd=None)
    assert not server.asked


def test_the_estimate_is_told_before_anything_is_sent(
    teacher_server, clips, options, capsys, tmp_path
):
    server = teacher_server()
    given = options(clips(3), server=server, estimate_only=True, budget_usd=None)
    assert work(given) == 0
    told = capsys.readouterr().err
    assert "3 clips, 2 samples each: 12 calls (at most 24)" in told
    assert "USD" in told
    assert not server.asked
    assert not given.out.exists()


def test_a_run_costs_no_more_than_was_estimated_at_most(
    teacher_server, clips, options, label, capsys
):
    server = teacher_server()
    # the longest and most expensive conversation: each answer malformed, then mended
    server.behave = lambda asked, times: (
        well(asked) if asked.repairs else (200, answer(asked, "x" * 900))
    )
    _, table = label(clips(2), server=server)
    most_usd = float(capsys.readouterr().err.split("at most ")[2].split(",")[0])
    assert sum(clip.cost_usd for clip in table.clips) <= most_usd
    assert len(server.asked) == 16


def test_the_ledger_holds_numbers_only(teacher_server, clips, label, options):
    server = teacher_server()
    label(clips(1), server=server)
    lines = (options(clips(1)).out.with_suffix(".cache") / "ledger.jsonl").read_text().splitlines()
    assert len(lines) == 8
    for line in lines:
        assert set(json.loads(line)) <= {"ticket", "reserved_usd", "settled_usd"}
