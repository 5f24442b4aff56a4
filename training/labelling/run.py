"""One run of labelling: its cache held, its account kept, its table written whatever ends it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engines.errors import ConfigError
from engines.spec.reading import PolicyNote
from stream.source.spec import SourceSpec
from training.labelling.account import Account
from training.labelling.cache import AnswerCache
from training.labelling.caller import Caller
from training.labelling.conversation import ConversingTeacher
from training.labelling.labelling import label_clips
from training.labelling.options import LabelOptions
from training.labelling.prices import ModelPrice
from training.labelling.prompts import Prompts
from training.labelling.secret import Secret
from training.labelling.showing import Showing
from training.labelling.table import ClipLabel, LabelTable, write_table
from training.labelling.teacher import BorrowsFilms, Teacher, VisionLanguageModel

LEDGER: Final = "ledger.jsonl"
LOCK: Final = ".lock"


class LabellingRun:
    """The clips of one command on their way to its table.

    Args:
        options: Of the command.
        console: stderr.
        clips: What is labelled.
        showing: What they are shown as.
        note: What is written of the purpose.
    """

    def __init__(
        self,
        options: LabelOptions,
        console: Console,
        clips: Sequence[SourceSpec],
        showing: Showing,
        note: PolicyNote,
    ) -> None:
        self._options = options
        self._console = console
        self._clips = clips
        self._showing = showing
        self._note = note

    async def converse(
        self,
        model: VisionLanguageModel,
        prompts: Prompts,
        price: ModelPrice | None,
        key: Secret | None,
    ) -> int:
        """Label by a model, within its budget."""
        options = self._options
        cache = options.cache or options.out.with_suffix(".cache")
        recorded = options.teacher == "recorded"
        with (
            _held(cache),
            Account(
                cache / LEDGER,
                limit_usd=None if recorded else options.budget_usd,
                limit_calls=None if recorded else options.max_calls,
            ) as account,
        ):
            caller = Caller(
                model,
                cache=AnswerCache(cache),
                account=account,
                price=price,
                manners=options.manners,
                hide=_unchanged if key is None else key.hide,
            )
            try:
                if isinstance(model, BorrowsFilms):
                    await model.begin(cache, self._warn)
                return await self.label(ConversingTeacher(caller, prompts, options.asking))
            finally:
                await model.close()
                if not recorded:
                    spent = "" if price is None else f", {account.usd:.4f} USD at most"
                    self._console.print(
                        f"spent through {cache}: {account.calls} calls{spent}", highlight=False
                    )

    async def label(self, teacher: Teacher) -> int:
        """Label by a teacher, and write what there is whatever ends it."""
        options, found = self._options, dict[str, ClipLabel]()
        _check_writable(options.out)
        with _progress(self._console, len(self._clips)) as bar:

            def done(clip: ClipLabel) -> None:
                found[clip.clip] = clip
                bar.advance(bar.task_ids[0])
                if clip.label is None:
                    self._warn(f"{clip.clip}: {clip.status}: {clip.reason}")

            try:
                await label_clips(
                    self._clips,
                    showing=self._showing,
                    teacher=teacher,
                    labels=options.asking.labels,
                    at_once=options.manners.concurrency,
                    done=done,
                )
            finally:
                if found:
                    write_table(options.out, self._table(found, teacher))
        labelled = sum(clip.label is not None for clip in found.values())
        self._console.print(
            f"{options.out}: {labelled} of {len(found)} clips labelled", highlight=False
        )
        return 1 if any(clip.worth_a_rerun for clip in found.values()) else 0

    def _warn(self, text: str) -> None:
        self._console.print(text, style="yellow", markup=False, highlight=False)

    def _table(self, found: dict[str, ClipLabel], teacher: Teacher) -> LabelTable:
        options = self._options
        made_by = {
            **teacher.identity,
            "prompts_name": Path(options.prompts).name if teacher.identity["prompts"] else "",
            "samples": options.samples,
            "temperature": options.temperature,
            "show": options.show,
            **({"frames": options.frames} if options.show == "frames" else {"hz": options.hz}),
            "frame_px": options.frame_px,
            "purpose": self._note.purpose,
            "notice": self._note.notice,
            "subface": version("subface"),
        }
        named = [clip.name for clip in self._clips if clip.name in found]
        return LabelTable(
            labels=options.asking.labels,
            made_by=made_by,
            clips=tuple(found[name] for name in named),
        )


@contextmanager
def _held(cache: Path) -> Iterator[None]:
    """Make a cache and hold it: two runs would spend the same budget twice."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = FileLock(cache / LOCK)
        lock.acquire(timeout=0)
    except Timeout as error:
        msg = f"--cache {cache}: another run uses it; wait for it, or name another"
        raise ConfigError(msg) from error
    except OSError as error:
        msg = f"--cache {cache}: cannot be written: {error.strerror}"
        raise ConfigError(msg) from error
    try:
        yield
    finally:
        lock.release()


def _check_writable(out: Path) -> None:
    """Say before anything is paid for what would be said when the table is written."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        msg = f"--out {out}: cannot be written: {error.strerror}"
        raise ConfigError(msg) from error


@contextmanager
def _progress(console: Console, clips: int) -> Iterator[Progress]:
    columns = (
        TextColumn("labelling"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    shown = console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not shown) as bar:
        bar.add_task("clips", total=clips)
        yield bar


def _unchanged(text: str) -> str:
    return text
