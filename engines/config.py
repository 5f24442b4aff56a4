"""The parts of a profile that say which networks look and listen, and how.

Each model is frozen and closed; units stand in the field names.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engines.spec.modality import Modality
from engines.spec.precision import Precision

Score = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
AppearanceCrop = Literal["person", "face"]


class Section(BaseModel):
    """A frozen part of a profile that accepts no unknown key."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # a broker's URL may hold a password
    )


class RuntimeConfig(Section):
    """The runtime that all engines of the perception share."""

    backend: Literal["openvino", "onnxruntime", "tensorrt", "torch"] = "openvino"
    """openvino reads .onnx and .tflite, for CPUs; tensorrt and torch read .onnx, for NVIDIA's
    cards; onnxruntime, the reference, reads .onnx only."""
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda:\d+)$")] = "auto"
    """auto: the CPU for openvino and onnxruntime, the first card for tensorrt, and for torch the
    first card, or the CPU where there is none."""
    threads: Annotated[int, Field(ge=1)] = 1
    """Threads of one engine; more than the machine has free cores makes it slower."""
    process: Literal["auto", "thread", "child"] = "auto"
    """Where the perception runs. child: in a process of its own, which is started again when it
    dies, hangs or loses its card; thread: in the program itself; auto: child where a card may be
    used (tensorrt; torch, unless its device is the cpu), else thread."""
    patience_s: Positive = 20.0
    """A process of its own that does not answer for so long hangs, and is started again."""
    beside: bool = True
    """Run independent networks of one frame side by side, on a second thread."""
    precision: Precision = "f32"
    """The fastest arithmetic that a network may have. It has it only where it was held against f32
    here and passed (`subface engines build`); a network that did not pass keeps f32. bf16 moves
    boxes by up to 28 px and landmarks by up to 31 px: measured, not a guess."""

    @property
    def is_apart(self) -> bool:
        """Whether the perception runs in a process of its own."""
        if self.process != "auto":
            return self.process == "child"
        return self.backend == "tensorrt" or (self.backend == "torch" and self.device != "cpu")


class DetectorConfig(Section):
    """Who is in the picture."""

    model: str = "yolo11n-persons-320x320"
    """The canvas that the frame is laid on, height x width; 320x320 takes any shape of picture. Or
    the path of a graph of your own (``subface models convert``), with a slash in it, as any model
    of the perception may be."""
    every: Annotated[int, Field(ge=1)] = 3
    """Look at every k-th analysed frame; the tracker carries the boxes between."""
    longest_s: Positive = 0.1
    """Look once so much media time has passed, too: at 10 frames/s a walker gets far in three."""
    min_score: Score = 0.4
    """Below this a detection starts no track and is no evidence of a person."""


class TrackerConfig(Section):
    """How long a person stays the same person without being detected."""

    keep_s: Positive = 1.5
    """A person missed for so long ends; one found again sooner keeps the number."""
    min_iou: Score = 0.25
    """The least overlap of a detection with the place where a person is expected."""


class FaceConfig(Section):
    """The three-fold rule: a person, a face in the person's crop, a mesh that agrees."""

    detector: str = "blazeface-short"
    mesh: str = "face-mesh"
    min_detection: Score = 0.5
    """Real faces scored .68 and better, backs of heads up to .84: it is the mesh that tells."""
    min_presence: Score = 0.5
    """Near faces gave .99 and better, far or turned ones .55, backs of heads up to .32."""


class ExpressionConfig(Section):
    """Which network reads the expression of an aligned face: ``starter-face``, or a peer's."""

    model: str = "starter-face"


class IdentityConfig(Section):
    """When two tracks are one person; distances are those of the model's embeddings.

    On the clips that they were chosen on, a face lies within ``near`` of those learned in another
    shot of its person in 64 % of cases and within ``far`` in 97 %, a stranger's in 0.01 and 0.2 %.
    """

    model: str | None = "face-embedding"
    """None: nobody is known again; every track is a person of its own."""
    near: Positive = 0.5
    """Faces that are no farther apart are one person's."""
    far: Positive = 0.6
    """Farther ones are two people's; between, the colours decide, or ``wait_s``."""
    margin: Positive = 0.05
    """By so much the best of the known must be nearer than the next."""
    colours: Positive = 0.35
    """Face and clothes whose colours differ by no more agree."""
    wait_s: Positive = 1.0
    """After so long without certainty somebody is new."""
    refresh_s: Positive = 0.5
    """How often the face of somebody known is looked at again."""
    min_face_px: Positive = 32.0
    """A face narrower than this tells nobody from anybody."""
    max_persons: Annotated[int, Field(ge=1)] = 64
    """So many are known in a source, those seen last."""

    @model_validator(mode="after")
    def _near_is_nearer(self) -> Self:
        if self.near > self.far:
            msg = f"near: expected at most far ({self.far}), got {self.near}"
            raise ValueError(msg)
        return self


class AppearanceConfig(Section):
    """Which network turns the look of a person into a vector, and of what."""

    model: str | None = None
    """None: no appearance; readings then go without it. That of ``expression``, where it embeds the
    faces that it reads: one run for both, and ``crop`` has no say."""
    crop: AppearanceCrop = "person"
    """person: the whole box, as the paper does; face: the face with hair and chin."""


HOLISTIC_MODELS = (
    "pose-detection",
    "pose-landmark-full",
    "hand-recrop",
    "hand-landmark-full",
    "iris-landmark",
)
"""The five that keypoints take beside the face finder's two."""

Form = Literal["tflite", "onnx"]


def in_form(name: str, form: Form) -> str:
    """Return the manifest's name of one of MediaPipe's networks in a form."""
    return name if form == "tflite" else f"{name}-{form}"


class KeypointConfig(Section):
    """Which network finds body, hands and face; without one nothing is found."""

    model: str | None = None
    """``holistic`` (CPUs), the name of a whole-body model in the manifest (GPUs), ``openpose``
    (recorded keypoints, replayed), or null."""
    form: Form = "tflite"
    """Of the networks of ``holistic``: tflite as published, for openvino alone, or onnx, for every
    runtime; the numbers are the same."""
    recording: Path | None = None
    """For ``openpose``: the folder with the recorded keypoints of the one video."""
    smooth: bool = True
    """Whether keypoints are smoothed over time; recorded ones never are."""

    def models(self) -> tuple[str, ...]:
        """Return the names, in the manifest, of the models that this needs."""
        match self.model:
            case None | "openpose":
                return ()
            case "holistic":
                return tuple(in_form(name, self.form) for name in HOLISTIC_MODELS)
            case name:
                return (name,)


class PerceptionConfig(Section):
    """Everything that happens to one frame."""

    runtime: RuntimeConfig = RuntimeConfig()
    detector: DetectorConfig = DetectorConfig()
    tracker: TrackerConfig = TrackerConfig()
    face: FaceConfig = FaceConfig()
    expression: ExpressionConfig = ExpressionConfig()
    identity: IdentityConfig = IdentityConfig()
    appearance: AppearanceConfig = AppearanceConfig()
    keypoints: KeypointConfig = KeypointConfig()
    max_persons: Annotated[int, Field(ge=1)] = 8
    """At most so many persons are looked at in a frame, the largest first."""

    def models(self) -> tuple[str, ...]:
        """Return the names, in the manifest, of the models that this needs."""
        always = self.detector.model, self.face.detector, self.face.mesh, self.expression.model
        asked_for = self.identity.model, self.appearance.model
        named = (model for model in asked_for if model is not None)
        return tuple(dict.fromkeys((*always, *named, *self.keypoints.models())))


class VoiceConfig(Section):
    """When somebody speaks, by Silero's voice activity network."""

    min_score: Score = 0.5
    """At this the network hears a voice begin; it ends below this less 0.15."""
    min_speech_s: Positive = 0.25
    """Less voice than this is a cough, a click or a chord, and is not transcribed."""
    min_silence_s: Positive = 0.6
    """So much silence ends an utterance."""
    pad_s: Positive = 0.2
    """So much sound before the first voice goes to the recogniser too: consonants are soft."""


class SpeechConfig(Section):
    """Who listens, and when what was heard is believed."""

    model: str | None = "whisper-base"
    """A Whisper model of the manifest, or the folder of one that CTranslate2 reads; null: nobody
    listens."""
    transcript: Path | None = None
    """What was said in the one file that is read, as our own records or captions: then nobody
    listens."""
    language: str | None = None
    """ISO 639-1, such as en; null: detected, utterance by utterance."""
    device: Literal["cpu", "cuda"] = "cpu"
    precision: Literal["int8", "float16", "float32"] | None = None
    """null: int8 on the CPU, float16 on a GPU."""
    threads: Annotated[int, Field(ge=1)] = 1
    beam: Annotated[int, Field(ge=1)] = 1
    """Beams of the search; 5 is what Whisper does offline, and costs it."""
    process: Literal["child", "thread"] = "child"
    """A process of its own keeps the two runtimes apart: two pools on two cores cost ten times."""
    policy: Literal["auto", "agreement", "endpoint"] = "auto"
    """agreement: a pass every hop, believed where two passes agree; endpoint: one pass an
    utterance, at its end; auto: agreement, and endpoint while the recogniser lags."""
    hop_s: Positive = 0.75
    """A pass so often while somebody speaks."""
    longest_s: Annotated[float, Field(ge=4, le=26)] = 12.0
    """An utterance is cut when so much of it waits for the recogniser."""
    max_lag_s: Positive = 4.0
    """The recogniser lags when it is so far behind what is heard."""
    delay_s: Positive = 1.0
    """A file read faster than life has no lag of its own: its words count as known so late."""
    trim: bool = True
    """Let the recogniser look at what there is and not always at 30 s: two to four times faster;
    done for the version of faster-whisper that it was tried with, and no other."""
    voice: VoiceConfig = VoiceConfig()

    def models(self) -> tuple[str, ...]:
        """Return the names, in the manifest, of the models that this needs."""
        return () if self.model is None or "/" in self.model else (self.model,)


class TextConfig(Section):
    """Which words are evidence, and the network that turns them into a vector."""

    model: str | None = "minilm-l6"
    """A text encoder of the manifest; null: words are published, and are no evidence."""
    speaker: Literal["subject", "all"] = "subject"
    """Whose words: of those who are watched, or everyone's."""
    words: Annotated[int, Field(ge=1)] = 64
    """The newest so many of them ..."""
    seconds: Positive = 30.0
    """... that were said in the last so many seconds."""
    outcome_words: Path | Literal["shipped"] | None = None
    """A list of words that give the outcome away, masked before the encoder; shipped: ours, for
    English and Korean; null: nothing is masked."""

    def models(self) -> tuple[str, ...]:
        """Return the names, in the manifest, of the models that this needs."""
        return () if self.model is None else (self.model,)


class NetworkConfig(Section):
    """Which network makes one reading of face, body and words, and how far it is believed."""

    model: str | None = None
    """starter: the one that comes with Subface; the folder of a trained one; null: none."""
    masked: tuple[Modality, ...] = ()
    """Modalities that are not to count: image, keypoints, text."""
    domain: str | None = None
    """Which of the network's calibrations holds here, by the data it was fitted on; null: its only
    one; the word none: none does, and the network then never abstains as unsure."""
    prior: dict[str, Score] | None = None
    """The declared share of each class here; null: as the network takes it for granted."""
    baseline: Score = 0.0
    """The share that is taken off of what a person shows in the first minute, as their neutral.
    0: nothing is; whoever smiles through that minute would be read as grave ever after."""
