"""The verb ``subface engines``, as the command line shows it; its work is loaded when called."""

from typing import Annotated

import typer

from stream.verbs import Override, Profile

engines = typer.Typer(
    help=(
        "Compiled engines: build them before a run, list them, check them, compare runtimes.\n\n"
        "A runtime compiles a network for the machine that it runs on. What it compiles can be "
        "stored as a plan, in the cache ($SUBFACE_CACHE, or the user's cache folder): OpenVINO "
        "then starts faster, and TensorRT does not have to build for minutes when a run begins. A "
        "plan is loaded only if it is, byte by byte, what was built of this graph, by this "
        "version of the runtime, for this processor or card; any other is refused.\n\n"
        "Begin with: subface engines build"
    ),
    no_args_is_help=True,
)


@engines.command("build")
def build_engines(
    profile: Profile = "embedded",
    overrides: Override = None,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="auto|cpu|cuda:N", help="What for; by default what the profile names."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Build those, too, that are there already.")
    ] = False,
) -> None:
    """Build every engine that a run of a profile opens, and store it.

    Give it the options of the run. What is there and whole stays; what is broken is replaced. A
    network has less than f32 only where that was admitted (perception.runtime.precision).

    Examples: subface engines build

    subface engines build --profile edge --device cuda:0

    subface engines build --set network.model=runs/first
    """
    from stream.commands.engines_build import BuildOptions, build

    options = BuildOptions(profile=profile, overrides=overrides or [], device=device, force=force)
    raise typer.Exit(build(options))


@engines.command("list")
def list_engines(
    as_json: Annotated[
        bool, typer.Option("--json", help="The whole of it, as JSON, for programs.")
    ] = False,
) -> None:
    """Show what is stored: of which network, by what, for what, and whether it is usable here."""
    from stream.commands.engines_stored import list_stored

    raise typer.Exit(list_stored(as_json=as_json))


@engines.command("verify")
def verify_engines(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the exit code.")] = False,
) -> None:
    """Hold every stored plan against its sidecar; nothing is loaded.

    The exit code is 2 if one is broken, was changed, or is not what it is called.
    """
    from stream.commands.engines_stored import verify

    raise typer.Exit(verify(quiet=quiet))


@engines.command("compare")
def compare_engines(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[SOURCE]", help="A file or a picture; by default the demo's clip."),
    ] = None,
    backends: Annotated[
        list[str] | None,
        typer.Option(
            "--backend",
            metavar="openvino|onnxruntime|tensorrt|torch",
            help="Give it twice; by default openvino against onnxruntime.",
        ),
    ] = None,
    frames: Annotated[int, typer.Option(metavar="N", min=1, help="Look at so many frames.")] = 50,
    profile: Profile = "embedded",
    overrides: Override = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Print how two runtimes differ on the networks that look at frames, and what each takes.

    The first one's results are used; the second computes the same inputs beside it.

    Examples: subface engines compare interview.mp4

    subface engines compare --profile edge --backend openvino --backend tensorrt interview.mp4
    """
    from stream.commands.engines_compare import CompareOptions, compare

    options = CompareOptions(
        source=source,
        backends=backends or [],
        frames=frames,
        profile=profile,
        overrides=overrides or [],
        as_json=as_json,
    )
    raise typer.Exit(compare(options))


@engines.command("prune")
def prune_engines(
    older_than_days: Annotated[
        float | None,
        typer.Option("--older-than", metavar="DAYS", min=0.0, help="Built longer ago than this."),
    ] = None,
    foreign: Annotated[
        bool,
        typer.Option("--foreign", help="Of another runtime's version, processor, card or driver."),
    ] = False,
    broken: Annotated[
        bool, typer.Option("--broken", help="Those that must not be loaded.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove them; without it they are only listed.")
    ] = False,
) -> None:
    """Remove stored plans; without --yes only say which."""
    from stream.commands.engines_stored import PruneOptions, prune

    options = PruneOptions(
        older_than_days=older_than_days,
        foreign=foreign,
        broken=broken,
        everything=everything,
        yes=yes,
    )
    raise typer.Exit(prune(options))
