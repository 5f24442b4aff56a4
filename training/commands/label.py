"""The label verb: what it takes is told, then clips are labelled, and all that is known is kept."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from engines.errors import ConfigError
from engines.models.store import ModelStore
from engines.speech.outcome_words import OutcomeWords
from stream import policy
from stream.console import stderr_console
from stream.meter import EngineMeter
from stream.profile import load_profile
from stream.publish.broker import OFF
from stream.source.address import parse_sources
from stream.source.spec import SourceSpec
from training.labelling.blur import FaceBlur
from training.labelling.conversation import first_question
from training.labelling.estimate import estimate
from training.labelling.local import Local, open_local
from training.labelling.local_model.files import ModelFiles, find_model
from training.labelling.opening import (
    KEY_VARIABLES,
    USUAL_MODELS,
    Provider,
    open_local_model,
    open_model,
    open_recorded,
)
from training.labelling.options import LabelOptions
from training.labelling.prices import ModelPrice, read_price
from training.labelling.prompts import Prompts
from training.labelling.run import LabellingRun
from training.labelling.secret import read_secret
from training.labelling.sending import check_sending
from training.labelling.showing import Showing

CLIENTS: Final = ("openai", "httpx2", "httpcore2", "google_genai", "google", "urllib3")
"""At their own levels they tell of requests, and who knows what of them."""


def label(options: LabelOptions) -> int:
    """Label clips and return the exit code: 1 if a rerun may come to more.

    Raises:
        SubfaceError: If an option is wrong, or something would be sent that may not be.
    """
    for name in CLIENTS:
        logging.getLogger(name).setLevel(logging.WARNING)
    clips = _clips(options.clips)
    if options.teacher == "transformers":
        return _by_local_model(options, clips)
    with ExitStack() as opened:
        showing = _showing(options, opened)
        match options.teacher:
            case "lexicon" | "expression" | "text-head" | "votes":
                return _by_local(options, options.teacher, clips, showing)
            case "recorded":
                return _by_record(options, clips, showing)
            case "gemini" | "openai":
                return _by_remote(options, options.teacher, clips, showing)


def _by_local(
    options: LabelOptions, name: Local, clips: Sequence[SourceSpec], showing: Showing
) -> int:
    with ExitStack() as opened:
        teacher = open_local(name, options.asking.labels, opened)
        run = _free_run(options, clips, showing)
        return 0 if run is None else asyncio.run(run.label(teacher))


def _by_local_model(options: LabelOptions, clips: Sequence[SourceSpec]) -> int:
    console = stderr_console()
    if options.model is None:
        msg = "--teacher transformers: expected --model FOLDER, FILE.gguf, or an id"
        raise ConfigError(msg)
    files = find_model(options.model, ModelStore())
    if not files.sees:
        options = _words_alone(options, files)
        console.print(f"{files.name} reads words alone: it is shown no frames", highlight=False)
    prompts, asking = Prompts(options.prompts), options.asking
    with ExitStack() as opened:
        showing = _showing(options, opened)
        questions = [first_question(showing.outline(clip), prompts, asking) for clip in clips]
        told = estimate(questions, samples=asking.samples, price=None)
        console.print(told.calls_and_tokens, markup=False, highlight=False)
        run = _free_run(options, clips, showing)
        if run is None:
            return 0
        model = open_local_model(files, options.machine, timeout_s=options.timeout_s)
        return asyncio.run(run.converse(model, prompts, None, None))


def _words_alone(options: LabelOptions, files: ModelFiles) -> LabelOptions:
    if options.transcripts is None or options.transcript == "none":
        msg = f"{files.name} reads words alone: expected what is said, --transcripts FOLDER"
        raise ConfigError(msg)
    return replace(options, frames=0, face="shown")


def _by_record(options: LabelOptions, clips: Sequence[SourceSpec], showing: Showing) -> int:
    model, prompts = open_recorded(options.answers), Prompts(options.prompts)
    run = _free_run(options, clips, showing)
    return 0 if run is None else asyncio.run(run.converse(model, prompts, None, None))


def _free_run(
    options: LabelOptions, clips: Sequence[SourceSpec], showing: Showing
) -> LabellingRun | None:
    """Return a run of which nothing leaves this machine; None if it was only to be estimated."""
    console = stderr_console()
    note = policy.check(options.policy, clips, OFF)
    if options.estimate_only:
        console.print(f"{len(clips)} clips: nothing is sent, and nothing is paid for")
        return None
    return LabellingRun(options, console, clips, showing, note)


def _by_remote(
    options: LabelOptions, provider: Provider, clips: Sequence[SourceSpec], showing: Showing
) -> int:
    console, asking, prompts = stderr_console(), options.asking, Prompts(options.prompts)
    name = options.model or USUAL_MODELS[provider]
    price = read_price(name, options.prices)
    questions = [first_question(showing.outline(clip), prompts, asking) for clip in clips]
    told = estimate(questions, samples=asking.samples, price=price)
    if options.estimate_only:
        console.print(told.told(name), markup=False, highlight=False)
        return 0
    note = check_sending(
        provider,
        options.base_url,
        allowed=options.allow_upload,
        declared=options.policy,
        clips=clips,
        what=_sent(options),
    )
    _check_limits(options, name, price)
    key = read_secret(variable=options.key_env or KEY_VARIABLES[provider], file=options.key_file)
    console.print(told.told(name), markup=False, highlight=False)
    if options.budget_usd is not None and (told.likely_usd or 0.0) > options.budget_usd:
        console.print(
            f"more than --budget {options.budget_usd:g} USD: some clips will end without a label",
            style="yellow",
            markup=False,
            highlight=False,
        )
    run = LabellingRun(options, console, clips, showing, note)
    model = open_model(provider, name, key, base_url=options.base_url, timeout_s=options.timeout_s)
    return asyncio.run(run.converse(model, prompts, price, key))


def _sent(options: LabelOptions) -> str:
    if options.show == "frames":
        return "frames and words"
    return "films and their sound" if options.transcript == "shown" else "films without sound"


def _clips(named: Sequence[str]) -> list[SourceSpec]:
    clips = parse_sources(named)
    wrong = [clip.address for clip in clips if clip.kind != "file" or clip.scheme != "file"]
    if wrong:
        msg = f"{', '.join(wrong)}: expected films on this machine: record a stream first"
        raise ConfigError(msg)
    return clips


def _showing(options: LabelOptions, opened: ExitStack) -> Showing:
    blur = None
    if options.show == "video" and options.teacher != "gemini":
        msg = f"--show video: {options.teacher} takes frames; gemini alone takes a film"
        raise ConfigError(msg)
    if options.face == "blurred" and not options.estimate_only:
        perception = load_profile("embedded", []).perception
        blur = opened.enter_context(
            FaceBlur(perception, ModelStore(), EngineMeter(perception.runtime).open)
        )
    if options.transcript == "masked" and options.transcripts is None:
        msg = "--transcript masked: expected what is said, --transcripts FOLDER"
        raise ConfigError(msg)
    return Showing(
        transcripts=options.transcripts,
        transcript=options.transcript,
        masks=OutcomeWords.load("shipped") if options.transcript == "masked" else None,
        blur=blur,
        frames=options.frames,
        side_px=options.frame_px,
        show=options.show,
        hz=options.hz,
    )


def _check_limits(options: LabelOptions, name: str, price: ModelPrice | None) -> None:
    if price is None and options.budget_usd is not None:
        msg = (
            f"--budget: the price of {name} is unknown, so no budget can be kept: declare it in "
            "--prices FILE, or limit the calls by --max-calls"
        )
        raise ConfigError(msg)
    if options.budget_usd is None and options.max_calls is None:
        msg = f"{name}: expected a limit, --budget USD or --max-calls N; --estimate tells the cost"
        raise ConfigError(msg)
