"""`subface schema`: the JSON Schema of every record, as a consumer would validate against it."""

import json
import sys

from stream.records import json_schema


def schema() -> int:
    """Print the JSON Schema to stdout.

    Returns:
        The exit code: 0.
    """
    sys.stdout.write(schema_text())
    return 0


def schema_text() -> str:
    """Return the JSON Schema as the text of the shipped file, to the last newline."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
