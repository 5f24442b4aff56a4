"""The plan in words, with its cost, before anything is trained."""

from collections.abc import Mapping

from training.ablation.cost import Cost
from training.ablation.material import Material
from training.ablation.plan import Plan
from training.ablation.row import Training


def listing(plan: Plan, material: Material, costs: Mapping[Training, Cost]) -> str:
    """Return what will be trained, what is shared, and what it will cost."""
    folds = ", ".join(
        f"{name} {len(entries)} of {len({own.subject for own in entries})} people"
        for name, entries in material.split.folds.items()
    )
    alone = sum(len(own.given) == 1 for own in plan.trainings)
    stages = sum(
        len(training.given) + (len(training.given) > 1)
        for row in plan.rows
        for training in row.trainings
    )
    width = max(len(own.name) for own in plan.trainings)
    lines = [
        f"{material.interviews.name}: {folds}; about {material.ticks} ticks each",
        f"{len(plan.rows)} rows, {len(plan.trainings)} trainings of recipe {plan.config.base}",
        f"shared: {alone} of one modality are the first stage of the "
        f"{len(plan.trainings) - alone} others (unshared: {stages} stages)",
        "",
        f"{'training':{width}}  {'parameters':>10}  {'learned from':>18}  {'CPU-minutes':>11}",
    ]
    for training in plan.trainings:
        cost = costs[training]
        gold, pool = material.learned(training)
        learned = f"{gold} + {pool}" if pool else str(gold)
        lines.append(
            f"{training.name:{width}}  {cost.parameters:>10,}  {learned:>18}  "
            f"{cost.cpu_s / 60:>11.1f}"
        )
    total_s = sum(own.cpu_s for own in costs.values())
    lines += [
        "",
        f"about {duration(total_s)} of CPU time on this machine, by a step of each network that "
        "was timed; what stops early takes less",
        *(f"left out: {why}" for why in plan.left_out),
    ]
    return "\n".join(lines) + "\n"


def duration(spent_s: float) -> str:
    """Return a time as people say it."""
    if spent_s < 3_600:  # noqa: PLR2004 (an hour)
        return f"{spent_s / 60:.0f} minutes"
    if spent_s < 48 * 3_600:
        return f"{spent_s / 3_600:.1f} hours"
    return f"{spent_s / 86_400:.0f} days"
