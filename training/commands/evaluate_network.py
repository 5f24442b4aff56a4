"""The evaluate network verb, in the Python that has torch: a checkpoint, a fold, its figures."""

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

import torch
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from engines.errors import ConfigError, SubfaceError
from engines.sequence.checkpoint import read_checkpoint
from training.commands.line import command_line
from training.data import DataOptions, Protocol, open_data
from training.evaluation.card import METRIC_NAMES, few_of
from training.evaluation.evaluation import Evaluation, FoldName, write_evaluation
from training.evaluation.report import fold_entries, read_fold, write_report
from training.evaluation.scores import Figure, moment_name, told
from training.interview import InterviewSet
from training.reasoning.embedding import embedded_notes

OF_SLICES: Final = ("accuracy", "auc")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOptions:
    """The arguments of ``subface evaluate network``.

    Attributes:
        checkpoint: The network's folder.
        data: What it is scored on, as ``subface train`` has it.
        fold: Of the data.
        prior: ``negative=.2,neutral=.5,positive=.3``.
        domain: Whose calibration is taken; None is that of the data.
        json: Where the figures go.
        out: Where the report goes: figures, pictures, card.
        pseudo: What ``subface label`` wrote of the interviews, for ``reasoning``.
        reasoning: What of a teacher's notes is read beside the words.
    """

    checkpoint: Path
    data: str
    fold: str = "test"
    overrides: tuple[str, ...] = ()
    labels: Path | None = None
    protocol: Protocol | None = None
    lists: Path | None = None
    prior: str | None = None
    domain: str | None = None
    json: Path | None = None
    out: Path | None = None
    threads: int | None = None
    pseudo: Path | None = None
    reasoning: Literal["none", "cues", "all"] = "none"


def evaluate_network(options: EvaluateOptions) -> Evaluation:
    """Score a network on a fold, show the figures, and write what is asked for.

    Raises:
        ConfigError: If an option is wrong.
        ModelError: If the checkpoint cannot be read.
        DatasetError: If the data cannot be read, do not fit, or the network learned from them.
    """
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    prior = None if options.prior is None else declared(options.prior)
    if options.json is not None and not options.json.parent.is_dir():
        msg = f"--json {options.json}: there is no folder {options.json.parent}"
        raise ConfigError(msg)
    checkpoint = read_checkpoint(options.checkpoint)
    interviews, split = open_data(
        DataOptions(
            data=options.data,
            labels=options.labels,
            protocol=options.protocol,
            lists=options.lists,
            overrides=options.overrides,
            unlabelled=True,
        )
    )
    of = FoldName(data=interviews.name, protocol=split.protocol, fold=options.fold)
    evaluation, predictions = read_fold(
        checkpoint,
        _with_notes(interviews, options),
        fold_entries(checkpoint, split, of),
        of,
        domain=options.domain,
        prior=prior,
    )
    if options.json is not None:
        write_evaluation(evaluation, options.json)
    if options.out is not None:
        write_report(checkpoint, evaluation, predictions, options.out, command=command(options))
    return evaluation


def _with_notes(interviews: InterviewSet, options: EvaluateOptions) -> InterviewSet:
    """Return interviews with what is asked for of a teacher's notes."""
    if options.reasoning == "none":
        if options.pseudo is not None:
            msg = "--pseudo has what --reasoning cues|all reads; give both, or neither"
            raise ConfigError(msg)
        return interviews
    if options.pseudo is None:
        msg = f"--reasoning {options.reasoning}: give --pseudo LABELS, which has the reasoning"
        raise ConfigError(msg)
    with TemporaryDirectory() as cache:
        return embedded_notes(interviews, options.pseudo, options.reasoning, cache=Path(cache))


def declared(text: str) -> dict[str, float]:
    """Return a prior as it was typed.

    Raises:
        ConfigError: If it is not ``NAME=SHARE,NAME=SHARE...``.
    """
    try:
        pairs = [part.split("=") for part in text.split(",")]
        prior = {name.strip(): float(share) for name, share in pairs}
    except ValueError as error:
        msg = f"--prior: expected NAME=SHARE,NAME=SHARE..., got {text!r}"
        raise ConfigError(msg) from error
    if len(prior) != len(pairs):
        msg = f"--prior: expected each class once, got {text!r}"
        raise ConfigError(msg)
    return prior


def command(options: EvaluateOptions) -> str:
    """Return the line that a user types for it."""
    named = {
        "--fold": options.fold,
        "--labels": options.labels,
        "--protocol": options.protocol,
        "--lists": options.lists,
        "--prior": options.prior,
        "--domain": options.domain,
        "--json": options.json,
        "--out": options.out,
        "--pseudo": options.pseudo,
        "--reasoning": None if options.reasoning == "none" else options.reasoning,
    }
    words = ("evaluate", "network", options.checkpoint, options.data)
    return command_line(words, named, options.overrides)


def tables(evaluation: Evaluation) -> list[Table]:
    """Return the figures as a terminal of eighty columns shows them: of all, and by slices."""
    scores = evaluation.scores
    of_all = _table(
        "figure (95 % over people)", *(moment_name(one.after_s) for one in scores.moments)
    )
    for name in scores.moments[-1].figures:
        cells = [_cell(moment.figures[name]) for moment in scores.moments]
        of_all.add_row(METRIC_NAMES[name], *cells)
    if not any(one.figures for one in scores.slices):
        return [of_all]
    by_slice = _table("of", "n", "people", *(METRIC_NAMES[name] for name in OF_SLICES))
    for one in scores.slices:
        if one.figures:
            cells = [_cell(one.figures[name]) for name in OF_SLICES]
            by_slice.add_row(f"{one.of} {one.value}", str(one.n), str(one.subjects), *cells)
    return [of_all, by_slice]


def heading(evaluation: Evaluation) -> str:
    """Return what the figures are of."""
    scores, of = evaluation.scores, evaluation.of
    counts = ", ".join(f"{count} {name}" for name, count in scores.counts.items())
    said = [
        f"{evaluation.network} on {of.data}, protocol {of.protocol}, fold {of.fold}: {scores.n} "
        f"interviews of {scores.subjects} people ({counts}); the majority class alone has "
        f"{scores.majority:.3f}"
    ]
    if evaluation.calibrated_on is None:
        said.append("not calibrated on these data")
    if evaluation.transductive:
        said.append(f"transductive: {evaluation.transductive} of them were in the pool")
    if evaluation.beside:
        said.append(f"with {evaluation.beside}, which no live run has")
    said += [f"without {name}: {why}" for name, why in evaluation.masked.items()]
    return "; ".join(said)


def _table(*columns: str) -> Table:
    found = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        found.add_column(name)
    return found


def _cell(figure: Figure) -> str:
    if figure.value is None:
        return f"- ({figure.why})"
    return told(figure).replace("0.", ".").replace(" to ", "-")


def main(argument: str) -> int:
    """Run the verb with options in JSON and return the exit code."""
    options = TypeAdapter(EvaluateOptions).validate_json(argument)
    try:
        evaluation = evaluate_network(options)
    except SubfaceError as error:
        sys.stderr.write(f"subface: {' '.join(str(error).split())}\n")
        return error.exit_code
    console = Console()
    console.print(heading(evaluation), markup=False, highlight=False)
    for table in tables(evaluation):
        console.print()
        console.print(table, markup=False, highlight=False)
    if few := few_of(evaluation.scores.slices):
        console.print(f"\n{few}", markup=False, highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
