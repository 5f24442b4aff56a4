"""A window and what was decided of it, put together as the reading that goes out."""

from dataclasses import dataclass

from calibration import decide
from engines.spec.reading import (
    Abstained,
    At,
    Coverage,
    LatencyMs,
    Modalities,
    Modality,
    ModalityState,
    ModelCard,
    PolicyNote,
    Reading,
    WindowSpan,
)
from engines.spec.timegrid import TimeGrid
from engines.spec.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """What is the same in all readings of a run.

    Attributes:
        grid: The time grid of the windows.
        min_s: The least time that faces must span for a surface reading.
        text_s: Words are stale when the newest of them was said longer ago.
        model: Which network reads.
        policy: The declared purpose and notice.
    """

    grid: TimeGrid
    min_s: float
    text_s: float
    model: ModelCard
    policy: PolicyNote

    def reading(self, window: Window, *, reading_id: str, seq: int) -> Reading:
        """Return the reading of a window; its times of publication are still open."""
        surface, abstained = decide.surface(window, min_s=self.min_s, grid=self.grid)
        image = float(window.expression_valid.mean())
        keypoints = float(window.keypoints_valid.mean())
        text = _text_state(window, self.text_s)
        return Reading(
            id=reading_id,
            seq=seq,
            source=window.source,
            epoch=window.epoch,
            shot=window.shot,
            person_id=window.person_id,
            track_id=window.track_id,
            window=WindowSpan(
                start_s=round(window.start_s, 6),
                end_s=round(window.end_s, 6),
                coverage=Coverage(
                    image=round(image, 6),
                    keypoints=round(keypoints, 6),
                    text=float(text == "ok"),
                ),
            ),
            at=At(captured=None, published=""),
            latency_ms=LatencyMs(decode=None, perceive=0.0, step=0.0, publish=0.0, total=0.0),
            age_ms=None,
            surface=surface,
            fused=None,
            abstained=Abstained(surface=abstained, fused="no_network"),
            contradiction=None,
            modalities=Modalities(
                image=Modality(state="ok" if image else "missing", share=None),
                keypoints=Modality(state="ok" if keypoints else "missing", share=None),
                text=Modality(state=text, share=None),
            ),
            model=self.model,
            policy=self.policy,
        )


def _text_state(window: Window, text_s: float) -> ModalityState:
    if window.text is None:
        return "missing"
    return "stale" if window.newest_s - window.text.end_s > text_s else "ok"
