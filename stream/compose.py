"""A window and what was decided of it, put together as the reading that goes out."""

from dataclasses import dataclass

from calibration import decide
from calibration.fused import FusedAnswer
from engines.spec.reading import (
    Abstained,
    At,
    Coverage,
    FusedAbstention,
    LatencyMs,
    Modalities,
    Modality,
    ModalityState,
    ModelCard,
    PolicyNote,
    Reading,
    Surface,
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
        model: Which network reads: the one that fuses, or that of the surface where none does.
        fuses: Whether there is a network that fuses.
        policy: The declared purpose and notice.
    """

    grid: TimeGrid
    min_s: float
    text_s: float
    model: ModelCard
    policy: PolicyNote
    fuses: bool = False

    def reading(
        self, window: Window, answer: FusedAnswer | None = None, *, reading_id: str, seq: int
    ) -> Reading:
        """Return the reading of a window; its times of publication are still open.

        Args:
            window: Of one person, or of nobody.
            answer: What the network says of the person; None where none fuses, or nobody is there.
            reading_id: What a consumer tells repeated deliveries by.
            seq: The reading's number in its source.
        """
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
            fused=None if answer is None else answer.fused,
            abstained=Abstained(
                surface=abstained, fused=self._no_network if answer is None else answer.abstained
            ),
            contradiction=_contradiction(surface, answer),
            modalities=_modalities(
                answer,
                image="ok" if image else "missing",
                keypoints="ok" if keypoints else "missing",
                text=text,
            ),
            model=self.model,
            policy=self.policy,
        )

    @property
    def _no_network(self) -> FusedAbstention:
        return "nobody" if self.fuses else "no_network"


def _contradiction(surface: Surface | None, answer: FusedAnswer | None) -> float | None:
    if surface is None or answer is None or answer.valence is None:
        return None
    return round(abs(surface.valence - answer.valence) / 2, 6)


def _modalities(answer: FusedAnswer | None, **states: ModalityState) -> Modalities:
    """Return the modalities as the network takes them; where none does, what was seen of them."""
    if answer is None:
        return Modalities(
            **{name: Modality(state=state, share=None) for name, state in states.items()}
        )
    told = answer.fused is not None
    return Modalities(
        **{
            name: Modality(
                state=state, share=round(answer.shares.get(name, 0.0), 6) if told else None
            )
            for name, state in answer.states.items()
        }
    )


def _text_state(window: Window, text_s: float) -> ModalityState:
    if window.text is None:
        return "missing"
    return "stale" if window.newest_s - window.text.end_s > text_s else "ok"
