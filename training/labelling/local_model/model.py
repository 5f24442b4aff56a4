"""A model in a process of its own, whose Python has torch: one question at a time.

The process is another Python's, so what reads films and what computes never meet; it ends by a
signal in the middle of an answer, and by itself when this one is gone.
"""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, Final

from engines.errors import ConfigError, ModelSourceError
from engines.models.convert import VARIABLE, build_python
from training.environment import environment
from training.labelling.errors import ExtraMissingError, TeacherRejectedError
from training.labelling.local_model.files import ModelFiles
from training.labelling.local_model.machine import Machine
from training.labelling.local_model.wire import Message, Opened, Opening, Written, asked, line
from training.labelling.question import Question, Reply

PROVIDER: Final = "transformers"
PROGRAM: Final = "training.labelling.local_model.program"
NEEDED: Final = ("torch", "transformers")
SHOWN: Final = 12
"""Characters of a digest that name a version."""
QUIET: Final = {
    "HF_HUB_OFFLINE": "1",  # nothing leaves this machine, not even the question for a new version
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONWARNINGS": "ignore",
    "TQDM_DISABLE": "1",
}


class LocalModel:
    """A model of Hugging Face's formats; its weights are read when the first question comes.

    Opening it blocks for seconds, as long as torch takes to say what it will compute on.

    Args:
        files: Where it lies.
        machine: What it computes on.
        timeout_s: Of one answer.

    Raises:
        ConfigError: If there is no such device.
        ExtraMissingError: If no Python with torch and transformers is here.
    """

    def __init__(self, files: ModelFiles, machine: Machine, *, timeout_s: float) -> None:
        self._files = files
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._lost: TeacherRejectedError | None = None
        self._talking = threading.Lock()
        self._process = subprocess.Popen(  # noqa: S603 (our own program)
            [_python(), "-P", "-m", PROGRAM],
            env=environment() | QUIET | _threads(machine),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,  # Ctrl-C is the parent's to act upon
        )
        try:
            self._opened = Opened(**self._tell(_opening(files, machine)))
        except TeacherRejectedError as error:
            self._end()
            raise ConfigError(str(error)) from error
        except BaseException:
            self._end()
            raise

    @property
    def identity(self) -> Mapping[str, str]:
        """Name and digest of the model, and what else decides its answers."""
        return {
            "provider": PROVIDER,
            "endpoint": "",
            "model": self._files.name,
            "weights": self._files.digest,
            "computed_by": f"{self._opened.versions} on {self._opened.device}",
            "dtype": self._opened.dtype,
        }

    async def answer(self, question: Question) -> Reply:
        """Ask once; the seed is the question's own, so that the same one gets the same answer.

        Raises:
            TeacherRejectedError: If there is no answer in time, or the process is gone.
        """
        seed = int(question.digest(self.identity)[:15], 16)
        message = asked(question, seed=seed, limit_s=self._timeout_s)
        async with self._turn:
            if self._lost is not None:  # while this question waited for its turn
                raise self._lost
            try:
                written = Written(**await asyncio.to_thread(self._tell, message))
            except TeacherRejectedError as error:
                self._lost = error if error.for_all else None
                raise
        if written.stop == "late":
            msg = f"{PROVIDER}: no answer within {self._timeout_s:g} s: --timeout allows longer"
            raise TeacherRejectedError(msg, for_all=False)
        return Reply(
            stop="refused" if written.stop == "full" else written.stop,
            text=written.text,
            input_tokens=written.input_tokens,
            output_tokens=written.output_tokens,
            model_version=f"{self._files.name} {self._files.digest[:SHOWN]}",
        )

    async def close(self) -> None:
        """End the process, in the middle of an answer if need be."""
        await asyncio.to_thread(self._end)

    def _tell(self, message: Message) -> dict[str, Any]:
        """Send a message and return what comes back. It blocks.

        Raises:
            TeacherRejectedError: If that is a failure, or nothing comes.
        """
        process = self._process
        with self._talking:
            try:
                assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 (pipes)
                process.stdin.write(line(message))
                process.stdin.flush()
                back = process.stdout.readline()
            except (OSError, ValueError):
                back = ""
        if not back:
            raise TeacherRejectedError(self._gone(), for_all=True)
        content: dict[str, Any] = json.loads(back)
        if "failed" in content:
            msg = f"{PROVIDER}: {self._files.name}: {content['failed']}"
            raise TeacherRejectedError(msg, for_all=content["for_all"])
        return content

    def _gone(self) -> str:
        code = self._process.wait()
        short = " (too little memory, as often as not)" if code == -9 else ""  # noqa: PLR2004
        return f"{PROVIDER}: the process of the model ended with {code}{short}"

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        with self._talking:  # whoever waits for an answer has been told that there is none
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with suppress(OSError):  # what is still in it goes to nobody
                        pipe.close()


def _opening(files: ModelFiles, machine: Machine) -> Opening:
    return Opening(
        folder=str(files.folder.resolve()),
        packed=files.packed,
        sees=files.sees,
        device=machine.device,
        dtype=machine.dtype,
        threads=machine.threads,
    )


def _python() -> str:
    if all(find_spec(name) is not None for name in NEEDED):
        return sys.executable
    try:
        return str(build_python())
    except ModelSourceError as error:
        msg = (
            "--teacher transformers needs torch and transformers, which this Python has not: run "
            "`make build-env` in the checkout (once, 2-5 minutes, 6 GB), install "
            f"'subface[training]', or set {VARIABLE} to a Python that has them"
        )
        raise ExtraMissingError(msg) from error


def _threads(machine: Machine) -> dict[str, str]:
    return {} if machine.threads is None else {"OMP_NUM_THREADS": str(machine.threads)}
