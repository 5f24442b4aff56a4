"""The verbs of labels, as the command line shows them; each loads its work when called."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup


class _ClipsByDefault(TyperGroup):
    """``subface label CLIP...`` labels; a clip named like another verb is written ./NAME."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 (typer's click)
        if args and args[0] not in {*self.commands, "-h", "--help"}:
            args = ["clips", *args]
        return super().parse_args(ctx, args)


label = typer.Typer(
    help="Let a teacher label clips: a vision-language model, stored answers, a network here.",
    no_args_is_help=True,
    cls=_ClipsByDefault,
)


@label.command("clips")
def label_clips(
    clips: Annotated[
        list[str],
        typer.Argument(metavar="CLIP...", help="Films on this machine; NAME=FILE to name one."),
    ],
    teacher: Annotated[
        Literal[
            "gemini",
            "openai",
            "transformers",
            "recorded",
            "lexicon",
            "expression",
            "text-head",
            "votes",
        ],
        typer.Option(
            help=(
                "openai: whatever answers as its chat completions do. transformers: a model of "
                "Hugging Face's formats on this machine. recorded: stored answers. "
                "lexicon: VADER, on what is said in English. expression, text-head: the starter's "
                "networks, on faces and on what is said. votes: of these three."
            )
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE.parquet", dir_okay=False)],
    labels: Annotated[
        str, typer.Option(metavar="NAME,NAME,...", help="The classes.")
    ] = "negative,positive",
    model: Annotated[
        str | None,
        typer.Option(
            help=(
                "By default gemini-2.5-pro, or gpt-4.1. For transformers: a folder, a .gguf file, "
                "a name of `subface models list`, or the id of what `hf download` brought."
            )
        ),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where it answers, if not at its provider's.")
    ] = None,
    key_env: Annotated[
        str | None,
        typer.Option(
            metavar="VARIABLE", help="Holds the key; GEMINI_API_KEY or OPENAI_API_KEY by default."
        ),
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its first line is the key.")
    ] = None,
    answers: Annotated[
        Path | None, typer.Option(metavar="FILE.jsonl", help="For recorded: the stored answers.")
    ] = None,
    transcripts: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="What is said: NAME.jsonl, .vtt or .srt of each clip; without, pictures alone.",
            file_okay=False,
        ),
    ] = None,
    transcript: Annotated[
        Literal["shown", "masked", "none"],
        typer.Option(help="masked: without the words that tell the outcome."),
    ] = "shown",
    face: Annotated[
        Literal["shown", "blurred"], typer.Option(help="blurred: nobody can be recognised.")
    ] = "shown",
    show: Annotated[
        Literal["frames", "video"],
        typer.Option(help="video: the clip as a film, with its sound; gemini alone takes it."),
    ] = "frames",
    frames: Annotated[int, typer.Option(min=1, max=256, help="Of each clip, evenly.")] = 16,
    frame_px: Annotated[
        int, typer.Option(min=64, max=768, help="Of the longer side of a frame, or of a film.")
    ] = 768,
    hz: Annotated[
        float,
        typer.Option(min=0.1, max=10, help="Of a film: pictures of a second that are looked at."),
    ] = 1.0,
    samples: Annotated[
        int, typer.Option(min=1, max=100, help="Conversations on each clip, each a vote.")
    ] = 5,
    temperature: Annotated[float, typer.Option(min=0, max=2)] = 1.0,
    max_output_tokens: Annotated[
        int, typer.Option(min=256, help="Of an answer, with what is thought before it.")
    ] = 8192,
    prompts: Annotated[
        str, typer.Option(metavar="NAME|FOLDER", help="A shipped set of templates, or your own.")
    ] = "hidden_emotion_1",
    budget: Annotated[
        float | None,
        typer.Option(metavar="USD", min=0, help="All runs with this cache spend no more."),
    ] = None,
    max_calls: Annotated[
        int | None, typer.Option(min=0, help="All runs with this cache make no more.")
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(metavar="FILE.yaml", help="As configs/labelling/prices.yaml.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Calls under way at once.")] = 4,
    calls_per_minute: Annotated[float | None, typer.Option(min=0.1)] = None,
    attempts: Annotated[int, typer.Option(min=1, help="Of a call that fails.")] = 5,
    pause_s: Annotated[
        float,
        typer.Option(
            "--pause", metavar="SECONDS", min=0.01, help="After a failure; doubled each time."
        ),
    ] = 1.0,
    timeout_s: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Of one attempt.")
    ] = 300.0,
    device: Annotated[
        Literal["auto", "cpu", "cuda"], typer.Option(help="Of transformers: what computes.")
    ] = "auto",
    dtype: Annotated[
        Literal["auto", "float32", "bfloat16", "float16"],
        typer.Option(help="Of transformers; by default float32 on a processor, else bfloat16."),
    ] = "auto",
    threads: Annotated[
        int | None, typer.Option(min=1, help="Of transformers; torch's choice by default.")
    ] = None,
    allow_upload: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROVIDER", help="Who may be sent frames or films, and words; or the host."
        ),
    ] = None,
    purpose: Annotated[
        str | None, typer.Option(help="What the labels are for: see `subface check`.")
    ] = None,
    notice: Annotated[str | None, typer.Option(help="What those filmed were told.")] = None,
    cache: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Answers, none asked for twice; beside --out."),
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Tell calls, tokens and price, and end.")
    ] = False,
) -> None:
    """Label clips by a teacher, with everything that a label can be traced by.

    A model is asked for cues, each with its time, a label and a confidence; then it is shown its
    own reasoning, looks for what speaks against it, and confirms, revises or withdraws. What it
    takes is told before anything is sent, and with the same command an interrupted run goes on.

    Examples: subface label films/*.mp4 --teacher gemini --allow-upload gemini --budget 5 --purpose
    research --notice "consent form 3" --out labels.parquet

    subface label films/*.mp4 --teacher lexicon --transcripts words --out lexicon.parquet

    subface label films/*.mp4 --teacher transformers --model ~/models/SmolVLM2 --out labels.parquet
    """
    from training.labelling.extra import require_extra

    require_extra(teacher)

    from stream.config import PolicyConfig
    from training.commands.label import label as work
    from training.labelling.caller import Manners
    from training.labelling.local_model.machine import Machine
    from training.labelling.options import LabelOptions

    options = LabelOptions(
        clips=clips,
        teacher=teacher,
        out=out,
        labels=labels,
        model=model,
        base_url=base_url,
        key_env=key_env,
        key_file=key_file,
        answers=answers,
        transcripts=transcripts,
        transcript=transcript,
        face=face,
        show=show,
        hz=hz,
        frames=frames,
        frame_px=frame_px,
        samples=samples,
        temperature=temperature,
        max_output_tokens=max_output_tokens,
        prompts=prompts,
        budget_usd=budget,
        max_calls=max_calls,
        prices=prices,
        manners=Manners(
            concurrency=concurrency,
            calls_per_minute=calls_per_minute,
            attempts=attempts,
            first_pause_s=pause_s,
        ),
        timeout_s=timeout_s,
        machine=Machine(device=device, dtype=dtype, threads=threads),
        allow_upload=allow_upload or [],
        policy=PolicyConfig(purpose=purpose, notice=notice),
        cache=cache,
        estimate_only=estimate,
    )
    raise typer.Exit(work(options))


@label.command("report")
def label_report(
    labels: Annotated[
        Path, typer.Argument(metavar="LABELS.parquet", help="What `subface label` wrote.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE.html", dir_okay=False)],
    gold: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help="The classes that are known: name, subject, label, or the labels csv of iMiGUE.",
        ),
    ] = None,
    clip: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="A film to show frames of; may be repeated."),
    ] = None,
) -> None:
    """Say what labels are worth: coverage, agreement, and on gold how often they are right.

    The page needs nothing beside it. With frames in it, it is personal data.

    Example: subface label report labels.parquet --gold gold.csv --out report.html
    """
    from training.labelling.extra import require_extra

    require_extra()

    from training.commands.label_report import ReportOptions, report

    report(ReportOptions(labels=labels, gold=gold, clips=clip or [], out=out))
