"""The process of a model: run by a Python that has torch, it answers one line with another.

    python -m training.labelling.local_model.program < lines

It ends when whoever started it does, in the middle of an answer if need be.
"""

import json
import os
import queue
import signal
import sys
import threading
from typing import IO

from training.labelling.local_model.wire import Asked, Failed, Message, Opening, line
from training.labelling.local_model.writer import Writer


def main() -> None:
    """Say what the model of the first line is computed by, then answer the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    try:
        writer = Writer(Opening(**json.loads(lines.get())))
        _say(out, writer.opened)
        asked = Asked(**json.loads(lines.get()))
        writer.load()
    except Exception as error:  # noqa: BLE001 (of three libraries; whoever knows the model's name tells it)
        _say(out, Failed(failed=_told(error), for_all=True))
        return
    while True:
        _say(out, _answer(writer, asked))
        asked = Asked(**json.loads(lines.get()))


def _answer(writer: Writer, asked: Asked) -> Message:
    try:
        return writer.write(asked)
    except Exception as error:  # noqa: BLE001 (as above)
        return Failed(failed=_told(error), for_all=False)


def _listen(lines: queue.Queue[str]) -> None:
    for text in sys.stdin:
        lines.put(text)
    os._exit(0)


def _say(out: IO[str], message: Message) -> None:
    out.write(line(message))
    out.flush()


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:400]


if __name__ == "__main__":
    main()
