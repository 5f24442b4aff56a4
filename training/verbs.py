"""The verbs of training, as the command line shows them; each loads its work when called."""

from pathlib import Path
from typing import Annotated, Literal

import typer

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
Threads = Annotated[
    int | None, typer.Option(min=1, help="Of each process on the CPU; torch's choice by default.")
]


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
    """
    from training.environment import hand_over

    hand_over(
        "training.commands.train",
        {
            "data": data,
            "out": out,
            "recipe": recipe,
            "overrides": settings or [],
            "labels": labels,
            "protocol": protocol,
            "lists": lists,
            "devices": devices,
            "accelerator": accelerator,
            "threads": threads,
        },
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
