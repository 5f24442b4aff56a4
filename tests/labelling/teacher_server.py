"""A server that speaks the wire formats of Gemini and of OpenAI's chat completions, and misbehaves.

The shapes of answers, errors, refusals and blocks are those that the two interfaces document.
"""

import hashlib
import json
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from film_shelf import FilmShelf

REASONED = {
    "cues": [
        {"time_s": 0.5, "kind": "gaze", "observed": "looks down", "suggests": "negative"},
        {"time_s": 1.0, "kind": "lips", "observed": "pressed", "suggests": "negative"},
    ],
    "reasoning": "The gaze falls and the lips are pressed.",
    "label": "negative",
    "confidence": 0.8,
}
CONFIRMED = {
    "counter_evidence": "a short smile at the end",
    "why": "it stays below the eyes",
    "outcome": "confirmed",
    "label": "negative",
    "confidence": 0.7,
}
REVISED = CONFIRMED | {"outcome": "revised", "label": "positive"}
WITHDRAWN = CONFIRMED | {"outcome": "withdrawn", "label": None, "confidence": 0.1}
TOKENS_IN, TOKENS_OUT = 1000, 200


class Asked:
    """One request, as far as a test needs it."""

    def __init__(self, path, headers, body):
        self.dialect = "openai" if path.endswith("/chat/completions") else "gemini"
        self.path, self.headers = path, dict(headers)
        self.body = json.loads(body)
        self.digest = hashlib.sha256(path.encode() + body).hexdigest()
        self.text = body.decode()

    @property
    def turns(self):
        if self.dialect == "openai":
            return [message for message in self.body["messages"] if message["role"] != "system"]
        return self.body["contents"]

    @property
    def schema(self):
        if self.dialect == "openai":
            return self.body["response_format"]["json_schema"]["schema"]
        config = self.body["generationConfig"]
        return config.get("responseJsonSchema") or config["response_json_schema"]

    @property
    def reflects(self):
        return "counter_evidence" in self.schema["properties"]

    @property
    def repairs(self):
        return "cannot be used" in json.dumps(self.turns[-1])

    @property
    def seed(self):
        return (
            self.body["seed"] if self.dialect == "openai" else self.body["generationConfig"]["seed"]
        )


def well(asked):
    """Answer as asked."""
    return 200, answer(asked, json.dumps(CONFIRMED if asked.reflects else REASONED))


def answer(asked, text, *, stop=None):
    if asked.dialect == "openai":
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1760000000,
            "model": f"{asked.body['model']}-2026-01-01",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text, "refusal": None},
                    "finish_reason": stop or "stop",
                }
            ],
            "usage": {
                "prompt_tokens": TOKENS_IN,
                "completion_tokens": TOKENS_OUT,
                "total_tokens": TOKENS_IN + TOKENS_OUT,
            },
        }
    return {
        "candidates": [
            {
                "content": {"role": "model", "parts": [{"text": text}]},
                "finishReason": stop or "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {
            "promptTokenCount": TOKENS_IN,
            "candidatesTokenCount": TOKENS_OUT - 50,
            "thoughtsTokenCount": 50,
            "totalTokenCount": TOKENS_IN + TOKENS_OUT,
        },
        "modelVersion": "gemini-2.5-pro-002",
        "responseId": "r1",
    }


def failed(asked, status, message, *, code=None, retry_s=None):
    if asked.dialect == "openai":
        error = {"message": message, "type": "error", "param": None, "code": code}
    else:
        error = {"code": status, "message": message, "status": code or "UNAVAILABLE"}
        if retry_s is not None:
            kind = "type.googleapis.com/google.rpc.RetryInfo"
            error["details"] = [{"@type": kind, "retryDelay": f"{retry_s}s"}]
    return status, {"error": error}


def refused(asked):
    """The model says no (OpenAI), or its answer is cut by the safety filter (Gemini)."""
    if asked.dialect == "gemini":
        content = answer(asked, "", stop="SAFETY")
        del content["candidates"][0]["content"]
        return 200, content
    content = answer(asked, None)
    content["choices"][0]["message"] |= {"refusal": "I cannot judge people's feelings."}
    return 200, content


def blocked(asked):
    """The prompt is blocked (Gemini), or the answer filtered (OpenAI)."""
    if asked.dialect == "openai":
        return 200, answer(asked, "", stop="content_filter")
    content = answer(asked, "")
    del content["candidates"]
    return 200, content | {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}


HALF, GARBAGE, SLOW = "half", "garbage", "slow"


class TeacherServer:
    """Answers on loopback; ``behave`` decides, given what is asked and how often it was before."""

    def __init__(self, *, wait_s=0.0):
        self.behave = lambda asked, times: well(asked)
        self.wait_s = wait_s
        self.asked, self.times, self.under_way, self.most = [], Counter(), set(), 0
        self.shelf, self.mistakes = FilmShelf(), []
        self.lock, self.closing = threading.Lock(), threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or each body waits 40 ms for an acknowledgement

            def do_POST(self):
                if outer.shelf.takes(self.path):
                    outer.shelf.handle(self, outer.urls["gemini"])
                else:
                    outer.handle(self)

            def do_GET(self):
                outer.shelf.handle(self, outer.urls["gemini"])

            def do_DELETE(self):
                outer.shelf.handle(self, outer.urls["gemini"])

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = False

            def handle_error(self, request, address):
                # whoever asked may have been killed, or did not wait; all else is our mistake
                if not isinstance(sys.exception(), OSError):
                    outer.mistakes.append(sys.exception())

        self.server = Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.005}
        )
        self.thread.start()
        self.port = self.server.server_port

    @property
    def urls(self):
        root = f"http://127.0.0.1:{self.port}"
        return {"gemini": root, "openai": f"{root}/v1"}

    def handle(self, handler):
        length = int(handler.headers["Content-Length"])
        body = handler.rfile.read(length)
        if len(body) < length:  # whoever asked was killed
            handler.close_connection = True
            return
        asked = Asked(handler.path, handler.headers, body)
        with self.lock:
            self.asked.append(asked)
            self.times[asked.digest] += 1
            times = self.times[asked.digest]
            number = len(self.asked)
            self.under_way.add(number)
            self.most = max(self.most, len(self.under_way))
        try:
            time.sleep(self.wait_s)
            not_there = self.shelf.refusal(asked.body) if asked.dialect == "gemini" else None
            self.reply(handler, not_there or self.behave(asked, times))
        finally:
            with self.lock:
                self.under_way.discard(number)

    def reply(self, handler, what):
        if what == SLOW:
            self.closing.wait(20)
            handler.close_connection = True
            return
        if what == GARBAGE:
            status, content, headers = 200, b"<html>it works</html>", {}
        elif what == HALF:
            status, content, headers = 200, b'{"candidates": [', {"Content-Length": "4000"}
            handler.close_connection = True
        else:
            status, content, *more = what
            content, headers = json.dumps(content).encode(), more[0] if more else {}
        handler.send_response(status)
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
        } | headers
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
