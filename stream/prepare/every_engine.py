"""Every engine that a run of a profile opens, opened by the same functions as live."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from engines.engine import OpenEngine
from engines.models.store import ModelStore
from engines.perception.networks import open_networks
from engines.sequence.interview import InterviewEngines
from engines.speech.word_encoder import open_word_encoder
from stream.config import Profile
from stream.listening import has_words, is_read
from stream.network import interview_engines, network_of


@contextmanager
def every_engine(
    profile: Profile, store: ModelStore, open_engine: OpenEngine
) -> Iterator[InterviewEngines | None]:
    """Open what looks at frames, what reads words, and the network that fuses; then close them.

    The recogniser is not among them: CTranslate2 reads its model as it is.

    Args:
        profile: What a run would open.
        store: Where the models are.
        open_engine: Opens a graph.

    Raises:
        SubfaceError: If a model or the network cannot be opened.
    """
    network = network_of(profile, store, words=has_words(profile))
    with ExitStack() as opened:
        opened.enter_context(open_networks(profile.perception, store, open_engine))
        if is_read(profile):
            opened.enter_context(open_word_encoder(profile.text, store, open_engine))
        engines = None if network is None else interview_engines(network, open_engine)
        if engines is not None:
            opened.enter_context(engines)
        yield engines


def expected_count(profile: Profile) -> int:
    """Return about how many there are, for a progress bar."""
    words = len(profile.text.models()) if is_read(profile) else 0
    network = 0 if profile.network.model is None else 3
    return len(profile.perception.models()) + words + network
