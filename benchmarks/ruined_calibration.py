"""What the gate says of int8 whose ranges were read off noise: every network must be refused.

    .venv/bin/python benchmarks/ruined_calibration.py ../shared/media/gestures/asl_gestures_help.mkv
        ../shared/media/faces/WolfgangLanger_Pexels.mp4 [--profile edge-lite] [--inputs 40]

The networks of a profile look at clips, so that each has real, held-out inputs. Then each is
made int8 by the widest range seen (MinMax), once on faint noise in place of its other inputs and
once on these themselves. The first is to be refused for every network; the second tells that it is
the noise, where it is, and not int8. Nothing is stored. Needs .venv-build; takes minutes.
"""

import argparse
import asyncio
import sys
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from calibration.quantize.limits import load_limits
from calibration.quantize.recipe import Recipe
from calibration.quantize.samples import Recorder, Sample, Samples
from calibration.quantize.trial import try_precision
from engines.models.store import ModelStore
from engines.perception.networks import open_networks
from engines.perception.observer import Observer
from engines.spec.frame import Frame
from engines.variants import VariantStore
from stream.config import Profile
from stream.profile import load_profile
from stream.source.address import parse_sources
from stream.source.media import media

MINMAX = (Recipe(name="MinMax", ranges="minmax"),)
FAINT = 0.02  # of an input's own range


def main() -> int:
    """Record, ruin, judge; 1 if a ruined network was admitted."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("clips", type=Path, nargs="+")
    options.add_argument("--profile", default="edge-lite")
    options.add_argument("--inputs", type=int, default=40)
    chosen = options.parse_args()
    profile = load_profile(chosen.profile, ["source.pace=fast", "source.sound=false"])
    limits = load_limits()
    table = Table("network", "held out", "on noise", "why", "on its own inputs", "why")
    admitted = 0
    with Recorder(profile.perception.runtime, at_most=chosen.inputs) as recorder:
        asyncio.run(look(profile, chosen.clips, recorder))
        store = VariantStore(recorder.folder / "variants")
        for samples in track(recorder.samples(), console=Console(stderr=True)):
            row = [samples.name, str(len(samples.held_out))]
            for one in (ruined(samples, recorder.folder), samples):
                verdict = try_precision(
                    one, "int8", limits, recorder.folder, store=store, recipes=MINMAX
                ).record.verdict
                row += ["admitted" if verdict.admitted else "refused", verdict.why]
                admitted += verdict.admitted and one is not samples
            table.add_row(*row)
    Console(width=180).print(table)
    return int(admitted > 0)


async def look(profile: Profile, clips: list[Path], recorder: Recorder) -> None:
    """Let the networks look at every frame of the clips."""
    with open_networks(profile.perception, ModelStore(), recorder.open) as networks:
        for spec in parse_sources([str(clip) for clip in clips]):
            observer = Observer(profile.perception)
            async with aclosing(media(spec, profile.source)) as items:
                async for item in items:
                    if isinstance(item, Frame):
                        recorder.at(spec.name, item.time_s)
                        observer.observe(networks, item)


def ruined(samples: Samples, folder: Path) -> Samples:
    """Return the same network with faint noise for what its ranges are read off."""
    rng = np.random.default_rng(0)

    def noise(sample: Sample) -> Sample:
        file = folder / f"noise-{samples.name}-{sample.file.name}"
        drawn = {name: faint(array, rng) for name, array in sample.batch().items()}
        np.savez(file, **drawn)  # type: ignore[arg-type]  # arrays by name
        return replace(sample, file=file)

    return replace(samples, calibration=tuple(noise(one) for one in samples.calibration))


def faint(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return noise of an array's shape and type; boxes stay, since they only say where to look."""
    if array.ndim < 3:
        return array
    if array.dtype == np.uint8:
        return rng.integers(0, max(2, int(255 * FAINT)), array.shape).astype(np.uint8)
    return (rng.normal(size=array.shape) * FAINT).astype(array.dtype)


if __name__ == "__main__":
    sys.exit(main())
