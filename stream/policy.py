"""What the readings may be for: a purpose is declared, and it must be one of a short list.

The list is of what is allowed, so that no wording gets round it. What is forbidden is recognised
only to say why: emotion inference at work and in education is prohibited in the European Union (AI
Act, Regulation (EU) 2024/1689, article 5(1)(f)); judging a suspect, a traveller or a passer-by by
the face would rest on readings that were never shown to hold for it.

Files and sources on this machine are for evaluation unless something else is declared. Where a
source elsewhere is published to a broker elsewhere, people are being watched for someone: then
purpose and notice must be said.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from engines.spec.reading import PolicyNote
from stream.config import PolicyConfig
from stream.errors import PolicyError
from stream.publish.broker import EMBEDDED, OFF, is_loopback
from stream.source.spec import SourceSpec

EVALUATION: Final = "evaluation"

PURPOSES: Final = {
    EVALUATION: "trying the program, on oneself or on recordings made for it",
    "research": "a study with an ethics approval and consent of those watched",
    "broadcast": "an interview given to the public, annotated for its audience",
    "rehearsal": "people who practise speaking and see only themselves",
    "art": "a work that those who enter it are told of",
}

WORK: Final = "emotion inference at work is prohibited (EU AI Act, article 5(1)(f))"
EDUCATION: Final = "emotion inference in education is prohibited (EU AI Act, article 5(1)(f))"
JUDGING: Final = (
    "nobody may be judged by the face: no reading here was shown to hold for suspects, travellers, "
    "lies or risks"
)
COVERT: Final = "those watched must know it"
SCORING: Final = "no decision about a person's money, health cover or rights may rest on a reading"

# Stems of words, without blanks: a purpose is compared with its blanks and signs taken out.
PROHIBITED: Final = {
    WORK: (
        "work employ staff hiring hire recruit humanresource personnel jobinterview jobapplic "
        "applicant candidate colleague callcent productivity performancereview hrscreen"
    ),
    EDUCATION: (
        "school educat student pupil teach classroom lesson lecture exam proctor universit campus "
        "kindergarten homework tutor grading"
    ),
    JUDGING: (
        "police lawenforce crime crimin suspect interrog border migra asylum visa immigra custom "
        "security terror liedetect decept polygraph court judge prison parole profil riskassess "
        "threat military defence"
    ),
    COVERT: "covert secret hidden surveil spy stalk undercover withoutconsent crowd publicspace",
    SCORING: "credit insur loan scoring fraud benefit advert marketing manipul shop customer",
}
WHOLE_WORDS: Final = {WORK: ("hr", "job", "jobs"), EDUCATION: ("class", "classes")}

_LOOKALIKES: Final = str.maketrans("013457@$", "oieastas")


def check(config: PolicyConfig, sources: Sequence[SourceSpec], mqtt_url: str) -> PolicyNote:
    """Return what every reading will say of its purpose, or refuse.

    Args:
        config: The declared purpose and notice.
        sources: What is watched.
        mqtt_url: Where the readings go: a URL, ``embedded``, or ``off``.

    Raises:
        PolicyError: If the purpose is prohibited or unknown, or one must be declared and is not.
    """
    purpose = _allowed(config.purpose) if config.purpose and config.purpose.strip() else None
    notice = (config.notice or "").strip() or None
    watched = [source.name for source in sources if not source.loopback]
    if watched and not _stays_here(mqtt_url):
        missing = [
            f"policy.{key}"
            for key, value in (("purpose", purpose), ("notice", notice))
            if value is None
        ]
        if missing:
            msg = (
                f"{', '.join(watched)}: a source on the network is published to a broker on the "
                f"network, so {' and '.join(missing)} must be set: in the profile, or by --set "
                f"{missing[0]}=... ({_choices()}; the notice is what those watched were told)"
            )
            raise PolicyError(msg)
    return PolicyNote(purpose=purpose or EVALUATION, notice=notice)


def _allowed(declared: str) -> str:
    purpose = declared.strip().casefold()
    if purpose in PURPOSES:
        return purpose
    reason = _prohibition(_plain(declared))
    if reason is not None:
        msg = f"policy.purpose {declared!r} is refused: {reason}; no setting allows it"
        raise PolicyError(msg)
    msg = f"policy.purpose {declared!r} is not known; {_choices()}"
    raise PolicyError(msg)


def _plain(text: str) -> list[str]:
    """Return the words of a text: lower case, without accents, signs and look-alike digits."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    return re.findall(r"[a-z]+", letters.translate(_LOOKALIKES))


def _prohibition(words: Sequence[str]) -> str | None:
    together = "".join(words)
    for reason, stems in PROHIBITED.items():
        if any(stem in together for stem in stems.split()):
            return reason
    for reason, whole in WHOLE_WORDS.items():
        if any(word in whole for word in words):
            return reason
    return None


def _choices() -> str:
    described = (f"{name} ({meaning})" for name, meaning in PURPOSES.items())
    return f"allowed: {', '.join(described)}"


def _stays_here(mqtt_url: str) -> bool:
    if mqtt_url == OFF or mqtt_url.partition(":")[0] == EMBEDDED:
        return True
    try:
        host = urlsplit(mqtt_url).hostname
    except ValueError:
        host = None
    return host is not None and is_loopback(host)
