"""The command line: one verb per job, each loading its work only when it is called.

The verbs are declared in pyproject.toml under the entry-point group ``subface.verbs``, so that a
higher package adds its own and ``subface --help`` imports no framework.
"""

import sys
from collections.abc import Sequence
from importlib.metadata import entry_points, version
from typing import Annotated

import typer

from engines.errors import SubfaceError
from stream.log import set_up_log

VERBS = "subface.verbs"


def application() -> typer.Typer:
    """Return the command line with every declared verb."""
    app = typer.Typer(
        name="subface",
        help=(
            "Watches live interviews and publishes what the face shows, with its evidence and its "
            "doubt.\n\nStart with [bold]subface demo[/bold]; then [bold]subface run "
            "rtsp://camera/stream --mqtt off[/bold]; [bold]subface check[/bold] says what is "
            "wrong and how to mend it. stdout is data, stderr is logs."
        ),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for entry in sorted(entry_points(group=VERBS), key=lambda entry: entry.name):
        verb = entry.load()
        if isinstance(verb, typer.Typer):
            app.add_typer(verb, name=entry.name)
        else:
            app.command(entry.name)(verb)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb that the arguments name and return the exit code.

    0 ok, 1 run-time failure, 2 configuration or usage, 3 source unreachable, 4 broker unreachable,
    5 refused by policy, 6 benchmark regression, 130 interrupted.
    """
    app = application()
    try:
        app(None if arguments is None else list(arguments), prog_name="subface")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        return 130
    except SubfaceError as error:
        sys.stderr.write(f"subface: {' '.join(str(error).split())}\n")
        return error.exit_code
    return 0


def _version(value: bool) -> None:  # noqa: FBT001 (typer calls it so)
    if value:
        sys.stdout.write(f"subface {version('subface')}\n")
        raise typer.Exit


def _options(
    *,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="More of the log: -v, -vv.")
    ] = 0,
    _show_version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    set_up_log(verbose)


if __name__ == "__main__":
    sys.exit(main())
