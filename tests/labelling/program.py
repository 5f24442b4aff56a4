"""The command line with the verb in it, for processes that are killed, or watched from outside."""

import sys

import typer

from engines.errors import SubfaceError
from stream.log import set_up_log
from training.labelling.verbs import label

if __name__ == "__main__":
    set_up_log(int(sys.argv[1]))
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command("other")(lambda: None)
    app.add_typer(label, name="label")
    try:
        app(sys.argv[2:])
    except SubfaceError as error:
        sys.stderr.write(f"subface: {' '.join(str(error).split())}\n")
        sys.exit(error.exit_code)
