"""The verbs of training, as the command line shows them; each loads its work when called."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from stream.verbs import Override, Profile

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help=(
            "synthetic: made-up interviews; a folder that `subface extract` made, with --labels; "
            "or a folder of iMiGUE, with --protocol."
        ),
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.csv",
        help="The columns name, subject, label (and slices), or the labels csv of iMiGUE.",
        dir_okay=False,
    ),
]
Protocol = Annotated[
    Literal["cvpr21", "miga3"] | None,
    typer.Option(help="iMiGUE's folds: CVPR 2021, or track 3 of MiGA; never to be compared."),
]
Lists = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="For miga3: train.txt, validation.txt and test.txt."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help=(
            "Override a key of the recipe, such as joint.epochs=5, or of the data, such as "
            "synthetic.seed=1 or split.test=0.3; may be repeated."
        ),
    ),
]
Reasoning = Annotated[
    Literal["none", "cues", "all"],
    typer.Option(
        help=(
            "With --pseudo: what its teacher noted, as an input beside the words. cues: what was "
            "observed; all: with what it was taken for, and the reasoning, which names the label."
        )
    ),
]
Pseudo = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.parquet",
        help="Learn from clips without a label, too, by what `subface label` wrote of them.",
        dir_okay=False,
    ),
]
Transductive = Annotated[
    bool,
    typer.Option(
        "--transductive", help="With --pseudo: from the test's clips, too, which is then told."
    ),
]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Of each process on the CPU; torch's choice by default.")
]


def extract(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Files, or streams, as in `subface run`; NAME=SOURCE to name one.",
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the shards go.", file_okay=False)
    ],
    profile: Profile = "embedded",
    overrides: Override = None,
    subject: Annotated[
        Literal["main", "all"] | None,
        typer.Option(help="Keep the one longest seen, or everyone."),
    ] = None,
    for_s: Annotated[
        float | None,
        typer.Option("--for", metavar="SECONDS", min=0.1, help="Record streams for so long."),
    ] = None,
) -> None:
    """Keep what the live pipeline sees and hears in sources, for training.

    FOLDER gets a file a person, and shards.json, which says what made them: points of body, hands
    and face, an embedding of the face and one of the words, by the time they were known. Nothing of
    picture or sound is kept; it is personal data all the same.

    Files are read as fast as they can be, one after the other. With the same command an extraction
    that was interrupted goes on, and leaves alone what is there already. A stream is recorded until
    it ends, --for or Ctrl-C.

    Examples: subface extract interviews/*.mp4 --out shards

    subface extract studio=rtsp://10.0.0.4/live --out recorded --for 600
    """
    from training.commands.extract import ExtractOptions
    from training.commands.extract import extract as work

    options = ExtractOptions(
        sources=sources,
        out=out,
        profile=profile,
        overrides=overrides or [],
        subject=subject,
        for_s=for_s,
    )
    raise typer.Exit(work(options))


def train(
    data: Data,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The run, and in the end the checkpoint.")
    ],
    recipe: Annotated[
        str, typer.Option(metavar="small|paper|FILE", help="How: a shipped recipe, or a YAML file.")
    ] = "small",
    settings: Settings = None,
    labels: Labels = None,
    protocol: Protocol = None,
    lists: Lists = None,
    pseudo: Pseudo = None,
    transductive: Transductive = False,
    reasoning: Reasoning = "none",
    devices: Annotated[
        str, typer.Option(metavar="auto|N", help="How many GPUs, or processes on the CPU.")
    ] = "auto",
    accelerator: Annotated[
        Literal["auto", "cpu", "gpu"], typer.Option(help="auto takes the GPUs that there are.")
    ] = "auto",
    threads: Threads = None,
) -> None:
    """Train a network: each branch alone, then together.

    A run that is interrupted goes on with the same command, to the same weights. FOLDER then is a
    checkpoint: `subface run --set network.model=FOLDER` reads with it.

    Examples: subface train synthetic --out runs/first

    subface train shards --labels labels.csv --out runs/mine --recipe paper

    With --pseudo the shards of clips that the labels do not name are a pool: a teacher's labels of
    them are learned from as far as gold clips, which it judged too, say that this gains.

    subface train shards --labels gold.csv --pseudo labels.parquet --out runs/taught
    """
    from training.commands.train import TrainOptions
    from training.commands.train import train as work

    work(
        TrainOptions(
            data=data,
            out=out,
            recipe=recipe,
            overrides=settings or [],
            labels=labels,
            protocol=protocol,
            lists=lists,
            pseudo=pseudo,
            transductive=transductive,
            reasoning=reasoning,
            devices=devices,
            accelerator=accelerator,
            threads=threads,
        )
    )


evaluate = typer.Typer(
    help="Say what weights are worth: the shipped ones, or a network of your own.",
    no_args_is_help=True,
)


@evaluate.command("starter")
def starter(
    faces: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npz", help="images uint8 [N 48 48], labels [N] as FER-2013's."),
    ] = None,
    texts: Annotated[
        Path | None,
        typer.Option(metavar="FILE.tsv", help="Text, label ids, comment id a line: GoEmotions'."),
    ] = None,
    without: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.npz", help="Leave out the faces that are byte-identical to one of these."
        ),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the figures, with n and intervals.")
    ] = None,
) -> None:
    """Score the shipped weights on labelled faces, texts, or both.

    Example: subface evaluate starter --faces fer2013_publictest.npz --texts dev.tsv --json out.json
    """
    from training.commands.evaluate_starter import evaluate_starter

    evaluate_starter(faces=faces, texts=texts, without=without, out=json)


@evaluate.command("network")
def network(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="The folder that `subface train` made.")
    ],
    data: Data,
    fold: Annotated[
        str, typer.Option(metavar="test|validation|train", help="Which of the data's folds.")
    ] = "test",
    prior: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=SHARE,...",
            help="How frequent each class is there; by default what the network takes for granted.",
        ),
    ] = None,
    domain: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Take the calibration of other data than these."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the figures, with n and intervals.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write figures, pictures (PNG) and the model card."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Override a key of the data, as in training; may be repeated.",
        ),
    ] = None,
    labels: Labels = None,
    protocol: Protocol = None,
    lists: Lists = None,
    pseudo: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.parquet", help="For --reasoning: what `subface label` wrote of the fold."
        ),
    ] = None,
    reasoning: Reasoning = "none",
    threads: Threads = None,
) -> None:
    """Score a network on a fold: early and late, by slices, with intervals over people.

    Example: subface evaluate network runs/first synthetic --out runs/first/report
    """
    from training.environment import hand_over

    hand_over(
        "training.commands.evaluate_network",
        {
            "checkpoint": checkpoint,
            "data": data,
            "fold": fold,
            "prior": prior,
            "domain": domain,
            "json": json,
            "out": out,
            "overrides": settings or [],
            "labels": labels,
            "protocol": protocol,
            "lists": lists,
            "pseudo": pseudo,
            "reasoning": reasoning,
            "threads": threads,
        },
    )
