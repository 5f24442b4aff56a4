"""The bench on the command line; its work is loaded when it is called."""

from pathlib import Path
from typing import Annotated

import typer

from stream.verbs import Override, Profile


def bench(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[SOURCE]", help="As of `subface run`; without one the demo's clip."
        ),
    ] = None,
    profile: Profile = "embedded",
    overrides: Override = None,
    streams: Annotated[
        int, typer.Option(metavar="N", min=1, help="Run so many copies of it side by side.")
    ] = 1,
    budget_ms: Annotated[
        float | None,
        typer.Option(
            metavar="MS",
            min=1.0,
            help="Find the largest number of copies whose p95 stays within this.",
        ),
    ] = None,
    for_s: Annotated[
        float, typer.Option("--for", metavar="SECONDS", min=1.0, help="How long each part lasts.")
    ] = 15.0,
    glass: Annotated[
        bool,
        typer.Option(help="Measure from the drawing of a picture to the publication, too."),
    ] = True,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it as JSON: a later --baseline.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it as one page with charts.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as CSV.")] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it as Markdown.")
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="An earlier --json of the same machine, profile and source: exit 6 if worse.",
        ),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(metavar="PART", min=0.0, help="By how much a median may be worse; a tail 2x."),
    ] = 0.15,
) -> None:
    """Measure the real pipeline: latencies, engines, drops, processor, memory, the card.

    In real time, at full speed, and from glass to publication; nothing is published. What cannot
    be known here is said to be not available.

    Examples: subface bench --html bench.html

    subface bench --json now.json --baseline before.json

    subface bench interview.mp4 --profile edge --budget-ms 100
    """
    from stream.commands.bench import BenchOptions
    from stream.commands.bench import bench as work

    options = BenchOptions(
        source=source,
        profile=profile,
        overrides=overrides or [],
        streams=streams,
        budget_ms=budget_ms,
        for_s=for_s,
        glass=glass,
        json=json,
        html=html,
        csv=csv,
        markdown=markdown,
        baseline=baseline,
        tolerance=tolerance,
    )
    raise typer.Exit(work(options))
