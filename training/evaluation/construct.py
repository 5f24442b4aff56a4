"""What a network was taught, and what it therefore does not say: in the words of its card.

Nothing is called a hidden emotion but what learned from outcomes that no face shows, and even that
is a guess about the outcome.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engines.spec.reading import Construct

TAUGHT: Final[Mapping[Construct, str]] = MappingProxyType(
    {
        "expressed_valence": (
            "Reads what somebody **expresses** in face, posture and words: {labels}. "
            "It learned from what strangers said of what they saw and read, "
            "so that is what it can say. "
            "What somebody feels, or hides, nobody taught it."
        ),
        "hidden_emotion": (
            "Reads which **outcome** lies behind an interview: {labels}. "
            "It learned from results that no face was asked about, such as who had won, "
            "and takes an outcome for a state of mind, as its data do. "
            "It is a guess about an event, and no look into anybody."
        ),
        "synthetic": (
            "Reads **made-up interviews**: {labels}. "
            "Nobody in them exists, and their classes were planted by a program. "
            "It shows that such a network can learn; of people it says nothing."
        ),
    }
)
"""With a place for the labels."""

NOT_MEANT: Final[Mapping[Construct, str]] = MappingProxyType(
    {
        "expressed_valence": (
            "**Not what somebody feels.** The labels are what others saw. "
            "People smile who are not glad, and are glad without smiling."
        ),
        "hidden_emotion": (
            "**Not what somebody feels.** The labels are outcomes, and winners may be unhappy. "
            "The network may also have found what goes along with outcomes by chance: "
            "rooms, backdrops, shirts, who wins often. It detects no lies."
        ),
        "synthetic": (
            "**Nothing about people.** The signal was planted, and its ceiling is known. "
            "On real interviews this network is noise, and no live run must be given it."
        ),
    }
)
