"""Words that give the outcome away, and what is left of a text without them.

Who is congratulated on a win has won: a network that may read it learns the result and nothing of
the person. A word of the list becomes the tokenizer's mask before the text is encoded, so that its
place in the sentence stays and the word itself never arrives.

A list holds words as they are said, not knowledge: 'we go home tomorrow' says it as well, and no
list can help. In doubt too much is masked: that costs a little evidence, a leak gives the answer.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import AfterValidator, Field, ValidationError

from configs import shipped
from engines.config import Section
from engines.errors import ConfigError

SHIPPED: Final = "outcome_words.yaml"
MASK: Final = "[MASK]"

_APOSTROPHES: Final = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u02b9\u0060\u00b4", "'"))
_PART: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")  # what a word has between its punctuation
_ENTRY_PART: Final = re.compile(r"[\w*']*[^\W_][\w*']*")
# 'winner's', 'winner'll' are of 'winner', but 'won't' is not of 'won'
_CONTRACTED: Final = r"(?:'(?!t(?!\w))\S*)?"
_OPAQUE: Final = "\n"  # no pattern reaches over a word that is masked


def _require_words(entry: str) -> str:
    parts = _entry_parts(entry)
    if not parts or not all(map(_ENTRY_PART.fullmatch, parts)):
        msg = f"expected words of letters, digits, ' and *, got {entry!r}"
        raise ValueError(msg)
    return entry


Entry = Annotated[str, AfterValidator(_require_words)]
"""A word, or several words; * stands for any letters and digits, or none."""


class OutcomeList(Section):
    """The words of one language."""

    mask: Annotated[tuple[Entry, ...], Field(min_length=1)]
    """What gives the outcome away."""
    keep: tuple[Entry, ...] = ()
    """What stays although ``mask`` has it, or a part of it."""


class OutcomeFile(Section):
    """The content of a file of outcome words."""

    languages: Annotated[
        Mapping[Annotated[str, Field(pattern="^[a-z]{2,3}$")], OutcomeList], Field(min_length=1)
    ]
    """By ISO 639-1, such as en."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """A list as regular expressions over a line of words in canonical form.

    Attributes:
        mask: What gives the outcome away.
        keep: What stays all the same.
    """

    mask: tuple[re.Pattern[str], ...]
    keep: tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeWords:
    """The lists of some languages.

    Attributes:
        digest: SHA-256 of the file, for checkpoints that learned from texts masked by it.
        patterns: By ISO 639-1.
    """

    digest: str
    patterns: Mapping[str, Patterns]

    @classmethod
    def load(cls, path: Path | Literal["shipped"]) -> Self:
        """Read a file of outcome words.

        Args:
            path: The file, or ``shipped`` for ours, in English and Korean.

        Raises:
            ConfigError: If it is missing, is not YAML or does not fit, with the key at fault.
        """
        file = shipped(SHIPPED) if path == "shipped" else Path(path)
        try:
            content = file.read_bytes()
            # plain strings: to YAML 1.1 the word 'no' is a truth value
            values = yaml.load(content.decode(), yaml.BaseLoader)  # noqa: S506 (makes strings only)
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{file}: cannot be read: {error}"
            raise ConfigError(msg) from error
        except yaml.YAMLError as error:
            msg = f"{file}: not YAML: {' '.join(str(error).split())}"
            raise ConfigError(msg) from error
        lists = _validated(values, file).languages
        return cls(
            digest=hashlib.sha256(content).hexdigest(),
            patterns={
                language: Patterns(_patterns(words.mask), _patterns(words.keep))
                for language, words in lists.items()
            },
        )

    def mask(self, words: Sequence[str], language: str | None, *, token: str = MASK) -> list[str]:
        """Return the words, each that gives the outcome away replaced by the mask.

        Case, punctuation, accents, widths, ways of composing a letter, and characters that have no
        width make no difference; a phrase is found over several words, in one word with hyphens,
        and written together.

        Args:
            words: As the recogniser gave them, with their punctuation, in the order of a line.
            language: As ISO 639-1 has it. Where there is no list of it, or it is None, all lists
                apply: it may have been detected wrongly, and a leak is worse than a gap.
            token: The mask of the tokenizer that will read the words.
        """
        lists = self._lists(language)
        masked = list(words)
        # a word may hold the half of a phrase that kept its other half: until nothing is found
        while found := _found(masked, lists, token):
            for place in found:
                masked[place] = token
        return masked

    def _lists(self, language: str | None) -> Iterable[Patterns]:
        known = self.patterns.get((language or "").casefold().replace("_", "-").partition("-")[0])
        return self.patterns.values() if known is None else (known,)


def canonical(text: str) -> str:
    """Return a text in small letters, composed, without accents and invisible characters.

    It is what an uncased BERT tokenizer does to a text, and compatible forms (full width,
    ligatures) made one besides.
    """
    folded = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES)).casefold()
    kept = (
        letter
        for letter in unicodedata.normalize("NFKD", folded)
        if unicodedata.category(letter) not in {"Mn", "Me", "Cc", "Cf", "Cn", "Co", "Cs"}
    )
    return unicodedata.normalize("NFC", "".join(kept))


def _found(words: Sequence[str], lists: Iterable[Patterns], token: str) -> set[int]:
    """Return the places of the words to mask."""
    line, owners = _line(words, token)
    found: set[int] = set()
    kept = {
        place
        for patterns in lists
        for pattern in patterns.keep
        for match in pattern.finditer(line)
        for place in range(*match.span())
    }
    for patterns in lists:
        for pattern in patterns.mask:
            for match in pattern.finditer(line):
                places = range(*match.span())
                if kept.isdisjoint(places):
                    found.update(owners[place] for place in places if line[place] != " ")
    return found


def _line(words: Sequence[str], token: str) -> tuple[str, list[int]]:
    """Return the parts of the words with a space between, and the word of each character."""
    line, owners = "", []
    for place, word in enumerate(words):
        parts = [_OPAQUE] if word == token else _PART.findall(canonical(word))
        for part in parts:
            line += f"{part} "
            owners += [place] * (len(part) + 1)
    return line, owners


def _entry_parts(entry: str) -> list[str]:
    return canonical(entry).replace("-", " ").split()


def _patterns(entries: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(_expression(_entry_parts(entry))) for entry in entries)


def _expression(parts: Sequence[str]) -> str:
    # a space or none: '매치 포인트' is written together as often as not, and so is 'tiebreak'
    phrase = " ?".join(re.escape(part).replace(r"\*", r"\w*") for part in parts)
    return rf"(?<!\S){phrase}{_CONTRACTED}(?!\S)"


def _validated(values: Any, file: Path) -> OutcomeFile:  # noqa: ANN401 (whatever the YAML holds)
    try:
        return OutcomeFile.model_validate(values)
    except ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join(map(str, detail['loc'])) or 'the file'}: {_reason(detail['msg'])}"
            for detail in error.errors()
        )
        msg = f"{file}: {reasons}"
        raise ConfigError(msg) from error


def _reason(message: str) -> str:
    said = message.removeprefix("Value error, ")
    return said[:1].lower() + said[1:]
