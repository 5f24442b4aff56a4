"""The model card that a run writes of itself, out of what it knows: no figure is typed by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from textwrap import fill
from typing import Final

import yaml

from engines.sequence.checkpoint import Checkpoint, NetworkDescription
from engines.sequence.shape import MODALITIES, Modality
from training.evaluation.construct import NOT_MEANT, TAUGHT
from training.evaluation.evaluation import TRAIN, VALIDATION, Evaluation, command_of, run_of
from training.evaluation.scores import Figure, Moment, Scores, Slice, moment_name, told
from training.learning.rounds_note import read_rounds

WIDTH: Final = 108  # of a line of Markdown
TEMPLATE: Final = Path(__file__).with_name("card.template.md")

METRIC_NAMES: Final[Mapping[str, str]] = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "auc": "AUC",
    "ece": "calibration error (ECE)",
    "answered": "answered",
    "wrong_of_answered": "wrong of these",
}
OF_SLICES: Final = ("accuracy", "balanced_accuracy", "auc")


def card(checkpoint: Checkpoint, evaluation: Evaluation, *, command: str, curves: bool) -> str:
    """Return the card, in Markdown; its pictures lie beside it.

    Args:
        checkpoint: The network's.
        evaluation: Its figures.
        command: What scored it, as a user types it.
        curves: Whether there is a picture of how it learned.
    """
    network, scores, of = checkpoint.description, evaluation.scores, evaluation.of
    labels = ", ".join(network.labels)
    metrics = list(scores.moments[-1].figures)
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        name=network.name,
        construct=fill(TAUGHT[network.taught].format(labels=labels), WIDTH),
        trained_on=network.trained_on,
        pool=_pool(checkpoint),
        labels=labels,
        prior=_prior(network),
        fed=_fed(network),
        grid=f"{network.shape.grid_hz:g} Hz, sees {network.shape.band_s:g} s back in each layer",
        size=f"width {network.shape.width}, {network.shape.heads} heads, {network.shape.encoder}",
        digest=checkpoint.digest,
        fold_told=_fold_told(evaluation),
        metric_names=" | ".join(METRIC_NAMES[name] for name in metrics),
        metric_rule="|".join("---" for _ in metrics),
        moments="\n".join(_row(moment, metrics) for moment in scores.moments),
        intervals=_intervals(scores),
        calibration=_calibration(checkpoint, evaluation),
        curves="\n![training](curves.png)" if curves else "",
        slices=_slices(scores.slices),
        untested=_untested(evaluation, network),
        not_meant=_point(NOT_MEANT[network.taught]),
        not_elsewhere=_point(
            "**Not another data set, protocol, language, camera, or way of sitting.** The figures "
            f"are of {of.data}, protocol {of.protocol}, fold {of.fold}, and are to be compared "
            "with figures of nothing else. Elsewhere the probabilities are not calibrated."
        ),
        made=_made(checkpoint, command),
    )


def _pool(checkpoint: Checkpoint) -> str:
    """Return the rows on whose labels were borrowed; empty if nobody's were."""
    run, rounds = run_of(checkpoint), read_rounds(checkpoint.folder)
    if run is None or "pool" not in run:
        return ""
    pool = run["pool"]
    told = "" if rounds is None else f"\n| rounds | {rounds.told()} |"
    test = (
        "with interviews of the test (transductive)" if pool["transductive"] else "none of a test"
    )
    return (
        f"\n| pool | {len(pool['interviews'])} interviews without a label, {test} "
        f"(sha256 {pool['sha256'][:12]}) |"
        f"\n| its teacher | {pool['teacher']}, asked of {pool['gold_asked']} gold ones, too |{told}"
    )


def _prior(network: NetworkDescription) -> str:
    if network.prior is None:
        return "it is not known how frequent each class is"
    shares = zip(network.labels, network.prior, strict=True)
    return ", ".join(f"{name} {share:.0%}" for name, share in shares)


def _fed(network: NetworkDescription) -> str:
    names = [
        f"{modality}: {fed.name}"
        + (f" ({fed.digest[:12]})" if fed.digest else "")
        + _beside(network, modality)
        for modality, fed in network.fed.items()
    ]
    delay = (
        f"; words {network.word_delay_s:g} s after they were said" if "text" in network.fed else ""
    )
    return "; ".join(names) + delay if names else "nothing: it is untrained"


def _beside(network: NetworkDescription, modality: Modality) -> str:
    """Return what a branch had beside its features in training, and where the figures are."""
    beside = network.beside.get(modality)
    if beside is None:
        return ""
    return (
        f", beside it {beside.told()} (labels {beside.labels[:12]}) by the same encoder, withheld "
        f"from {beside.withheld:.0%} in training; no live run has them"
    )


def _fold_told(evaluation: Evaluation) -> str:
    of, scores = evaluation.of, evaluation.scores
    said = {
        TRAIN: ". **It learned from these very interviews: the figures say what it remembers.**",
        VALIDATION: (
            ". **By these people the network was chosen and calibrated, so the figures are "
            "too good**; "
            "`subface evaluate network` scores it on others."
        ),
    }.get(of.fold, ", of whom none was in training.")
    people = f"{scores.n} interviews of {scores.subjects} people"
    if evaluation.transductive:
        said = (
            f". **Transductive: {evaluation.transductive} of these interviews were in the pool, "
            "without their labels; the figures are to be compared with no others.**"
        )
    if evaluation.beside:
        said += f" **Read with {evaluation.beside}: no live run has them.**"
    return fill(f"{of.data}, protocol {of.protocol}, fold **{of.fold}**: {people}{said}", WIDTH)


def _intervals(scores: Scores) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in scores.counts.items())
    return fill(
        f"By class: {counts}; always answering with the most frequent one has an accuracy of "
        f"{scores.majority:.3f}. Intervals of 95 % are over people: {scores.resamples:,} resamples "
        f"of the {scores.subjects}, each with all interviews of theirs; {scores.redrawn:,} more "
        "lacked a class and were drawn again.",
        WIDTH,
    )


def _row(moment: Moment, metrics: Sequence[str]) -> str:
    cells = [_cell(moment.figures.get(name)) for name in metrics]
    return f"| {moment_name(moment.after_s)} | {' | '.join(cells)} |"


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    return told(figure) if figure.why is None else f"{told(figure)} ({figure.why})"


def _calibration(checkpoint: Checkpoint, evaluation: Evaluation) -> str:
    calibrations, domain = checkpoint.description.calibrations, evaluation.calibrated_on
    if domain is None:
        said = "It is **not calibrated** on these data: it says which class it favours. "
    else:
        said = (
            f"Its temperature, {evaluation.temperature:g}, was fitted on {calibrations[domain].n} "
            f"interviews of {domain}. "
        )
    if domain is not None and evaluation.min_confidence is not None:
        said += (
            f"It abstains below a probability of {evaluation.min_confidence:.3f}, which kept the "
            f"share of wrong answers at {calibrations[domain].risk:g} or less where it was chosen; "
            "all metrics but the last two are of all interviews."
        )
    else:
        said += "It never abstains for being unsure" + _no_threshold(checkpoint)
    if evaluation.prior is not None:
        shares = ", ".join(f"{name} {share:g}" for name, share in evaluation.prior.items())
        said += f" The prior was declared: {shares}."
    return fill(said, WIDTH)


def _no_threshold(checkpoint: Checkpoint) -> str:
    run = run_of(checkpoint)
    risk = None if run is None else run["recipe"].get("risk")
    if risk is None:
        return "."
    return (
        f": no confidence kept the share of wrong answers at {risk:g} over enough of the people it "
        "was chosen by."
    )


def _slices(slices: Sequence[Slice]) -> str:
    if not slices:
        return "Nothing is known of the people by which the figures could be divided."
    rows = [
        f"| of | interviews | people | {' | '.join(METRIC_NAMES[name] for name in OF_SLICES)} |",
        f"|---|---|---|{'---|' * len(OF_SLICES)}",
    ]
    for one in slices:
        if one.figures:
            cells = [_cell(one.figures[name]) for name in OF_SLICES]
            rows.append(
                f"| {one.of} {one.value} | {one.n} | {one.subjects} | {' | '.join(cells)} |"
            )
    table = "\n".join(rows) if len(rows) > 2 else "No slice has people enough."  # noqa: PLR2004
    few = few_of(slices)
    return f"{table}\n\n{fill(few, WIDTH)}" if few else table


def few_of(slices: Sequence[Slice]) -> str:
    """Return which slices have too few people to say anything of them; empty if none."""
    few = [f"{one.of} {one.value} ({one.subjects})" for one in slices if not one.figures]
    return f"Too few people to say anything: {', '.join(few)}." if few else ""


def _untested(evaluation: Evaluation, network: NetworkDescription) -> str:
    slices = evaluation.scores.slices
    known = sorted({one.of for one in slices})
    lines = [f"On anybody but the {evaluation.scores.subjects} people of this fold."]
    if known:
        lines.append(
            f"By anything but {', '.join(known)}: age, skin tone, disabilities, glasses, illness "
            "and what else people differ in were not recorded, so nothing can be said of how "
            "errors differ by them."
        )
    else:
        lines.append("By any group of people: nothing is recorded of them.")
    if any(not one.figures for one in slices):
        lines.append("On the groups that are listed above as too few.")
    lines += [f"With {modality}: {why}." for modality, why in evaluation.masked.items()]
    never = [name for name in MODALITIES if name not in network.fed]
    if never:
        lines.append(f"With {', '.join(never)}: it never learned from it.")
    return "\n".join(map(_point, lines))


def _point(text: str) -> str:
    return fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ")


def _made(checkpoint: Checkpoint, command: str) -> str:
    network, run = checkpoint.description, run_of(checkpoint)
    trained_by = command_of(checkpoint)
    parts = [f"Scored by\n\n    {command}"]
    if trained_by == command:
        parts = [f"Trained and scored by\n\n    {command}"]
    elif trained_by is not None:
        parts.append(f"Trained by\n\n    {trained_by}")
    if run is not None:
        folds = ", ".join(
            f"{name}: {len(own['interviews'])} interviews (sha256 {own['sha256'][:12]})"
            for name, own in run["data"]["folds"].items()
        )
        recipe = yaml.safe_dump(run["recipe"], sort_keys=False).rstrip()
        parts.append(f"Data: {run['data']['name']}; {folds}. Recipe:")
        parts.append(f"```yaml\n{recipe}\n```")
    else:
        parts.append("Of its training nothing lies beside it (`run.json`).")
    files = "\n".join(f"| {name} | {digest} |" for name, digest in sorted(network.files.items()))
    parts.append(f"| file | sha256 |\n|---|---|\n{files}")
    return "\n\n".join(parts)
