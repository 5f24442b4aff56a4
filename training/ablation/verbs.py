"""The verb of ablations, as the command line shows it; it loads its work when called."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from training.verbs import Data, Labels, Lists, Protocol, Pseudo, Threads, Transductive


def ablate(
    data: Data,
    out: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER", help="Trainings, what came of each, and the table.", file_okay=False
        ),
    ],
    config: Annotated[
        str,
        typer.Option(metavar="small|paper|FILE", help="What is varied: shipped, or a YAML file."),
    ] = "small",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help=(
                "Override a key of the configuration, such as seeds=5 or cross=true; of its "
                "recipe, such as recipe.joint.epochs=5; or of the data, such as synthetic.seed=1; "
                "may be repeated."
            ),
        ),
    ] = None,
    labels: Labels = None,
    protocol: Protocol = None,
    lists: Lists = None,
    pseudo: Pseudo = None,
    transductive: Transductive = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Print the plan with its cost, and train nothing.")
    ] = False,
    accelerator: Annotated[
        Literal["auto", "cpu", "gpu"], typer.Option(help="auto takes a GPU if there is one.")
    ] = "auto",
    threads: Threads = None,
) -> None:
    """Make the paper's table: what each modality, body, encoder and label brings.

    Each modality alone, pairs, all three; MLP or GCN for keypoints; streaming or bidirectional;
    with and without pseudo-labels. Every figure is a mean over seeds with its interval over
    people, and every variation is held against the same people. Rows that the data have nothing
    for are left out and named.

    The plan comes first: how many trainings, what they share, and what they will cost. Then
    FOLDER/table.md and table.png are written anew after every training. What is done is kept: the
    same command goes on after an interruption. On made-up interviews the table says whether the
    order that was planted came out.

    Examples: subface ablate synthetic --out runs/ablation --plan

    subface ablate imigue --protocol cvpr21 --out runs/paper --config paper --set seeds=5
    """
    from training.ablation.options import AblateOptions
    from training.ablation.options import ablate as work

    work(
        AblateOptions(
            data=data,
            out=out,
            config=config,
            overrides=settings or [],
            labels=labels,
            protocol=protocol,
            lists=lists,
            pseudo=pseudo,
            transductive=transductive,
            plan=plan,
            accelerator=accelerator,
            threads=threads,
        )
    )
