"""The interviews of a folder of iMiGUE, each read when it is asked for."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engines.spec.timegrid import TimeGrid
from training.imigue.keypoints import RecordedKeypoints
from training.imigue.speech import Embed, SpeechConfig, embed_words, read_words
from training.interview import Entry, Interview


@dataclass(frozen=True, slots=True, kw_only=True)
class ImigueFolders:
    """Where the user has iMiGUE, and how it is brought onto the grid.

    Attributes:
        keypoints: Per video a folder of JSON or a table; see ``RecordedKeypoints``.
        speech: Per video a folder of iMiGUE-Speech; None if there is none.
        embed: Embeds words; needed for the speech.
        speech_config: How the speech is laid out.
        grid: On which everything is brought.
    """

    keypoints: Path
    speech: Path | None = None
    embed: Embed | None = None
    speech_config: SpeechConfig = field(default_factory=SpeechConfig)
    grid: TimeGrid = field(default_factory=TimeGrid)

    def read(self, entry: Entry) -> Interview:
        """Read an interview; it has no appearance, which only the videos show, and one shot.

        Raises:
            DatasetError: If a file is missing or is not what was expected.
        """
        time_s, keypoints, valid = RecordedKeypoints(self.keypoints, entry.name).on_grid(self.grid)
        text, available_s = np.zeros((0, 0), np.float32), np.zeros(0)
        if self.speech is not None and self.embed is not None:
            words = read_words(self.speech, entry.name, self.speech_config)
            text, available_s = embed_words(words, self.embed, self.speech_config)
        return Interview(
            entry=entry,
            grid_hz=self.grid.rate_hz,
            time_s=time_s,
            shot=np.zeros(len(time_s), np.int64),
            keypoints=keypoints,
            keypoints_valid=valid,
            appearance=np.zeros((len(time_s), 0), np.float32),
            appearance_valid=np.zeros(len(time_s), np.bool_),
            text=text,
            text_available_s=available_s,
        )
