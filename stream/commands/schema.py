"""`subface schema`: the JSON Schema of what is written, as a consumer would validate against it."""

import json
import sys

from stream import records
from stream.bench import report


def schema(*, bench: bool = False) -> int:
    """Print the JSON Schema to stdout.

    Args:
        bench: That of a bench's report, not that of the records.

    Returns:
        The exit code: 0.
    """
    sys.stdout.write(schema_text(bench=bench))
    return 0


def schema_text(*, bench: bool = False) -> str:
    """Return the JSON Schema as the text of the shipped file, to the last newline."""
    described = report.json_schema() if bench else records.json_schema()
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"
