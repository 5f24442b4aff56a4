"""What of a question reaches a vision-language model: by .venv-build's Python.

Usage: seen_by_a_model.py OPENING.json ASKED.json ASKED.json: prints the shape of the pictures that
the model is given of the first, and how far the logits after the two questions are apart.
"""

import json
import sys
from pathlib import Path

import torch

from training.labelling.local_model.wire import Asked, Opening
from training.labelling.local_model.writer import Writer


def main(opening, first, second):
    opening, *asked = (json.loads(Path(own).read_bytes()) for own in (opening, first, second))
    writer = Writer(Opening(**opening))
    writer.load()
    given = [writer.inputs(Asked(**own)) for own in asked]
    with torch.inference_mode():
        one, other = (writer.model(**own).logits[0, -1] for own in given)
    told = {
        "pictures": list(given[0]["pixel_values"].shape),
        "same_words": bool((given[0]["input_ids"] == given[1]["input_ids"]).all()),
        "apart": float((one - other).abs().max()),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
