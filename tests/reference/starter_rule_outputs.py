"""What the starter's rule is in torch, over a whole history: run by .venv-build's Python.

Usage: starter_rule_outputs.py WEIGHTS IN.npz OUT.npz

IN has faces and texts (embeddings) and the ticks of the faces. OUT gets the valences of each face,
the tokens of the image branch on each tick, of each text, and the logits of faces and the first
text together. The mean over the band is taken outright; no ring and no attention is in it.
"""

import sys
from pathlib import Path

import numpy as np
import torch

from engines.build.face_encoder_export import load_reader
from engines.build.starter_network import network_shape, read_rule
from engines.build.text_head_export import load_head
from engines.networks.starter_rule import FaceStep, RuleFusion, TextStep


def main(weights, given, out):
    torch.set_num_threads(1)
    folder = Path(weights)
    rule, (head, temperature) = read_rule(folder), load_head(folder)
    face = FaceStep(load_reader(folder), prior=rule.image.prior, floor=rule.image.floor)
    text = TextStep(head, temperature=temperature, prior=rule.text.prior, floor=rule.text.floor)
    arrays = np.load(given)
    ticks, band = arrays["ticks"], network_shape(rule).band_ticks
    with torch.inference_mode():
        valences = face.valences(torch.from_numpy(arrays["faces"]))
        means = [valences[(ticks <= tick) & (ticks > tick - band)].mean(0) for tick in ticks]
        shown = face.witness(torch.stack(means))
        said = text(torch.from_numpy(arrays["texts"]))
        first = said[:1].expand_as(shown)
        present = torch.tensor([1.0, 0.0, 1.0]).expand(len(ticks), 3)
        nothing = torch.full_like(shown, torch.nan)
        logits = RuleFusion(prior=rule.prior)(
            shown[:, None], nothing[:, None], first[:, None], present
        )
    np.savez(out, valences=valences, image=shown, text=said, logits=logits)


if __name__ == "__main__":
    main(*sys.argv[1:])
