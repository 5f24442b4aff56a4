"""What an interview is observed by: the picture of a person, their keypoints, their words."""

from typing import Final, Literal, get_args

Modality = Literal["image", "keypoints", "text"]

MODALITIES: Final[tuple[Modality, ...]] = get_args(Modality)
