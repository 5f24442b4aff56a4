"""Gemini's Files API as it is documented: resumable uploads, processing, deletion, and troubles.

What is on the shelf after a run was left behind.
"""

import json
import threading
from collections import Counter
from urllib.parse import parse_qs, urlsplit

CUT = "cut"


class FilmShelf:
    """Films by name; ``behave`` may answer in place of the shelf, given the step and its count.

    Steps: start, upload, get, delete. An answer is a status with a message, ``CUT`` (the
    connection ends half-way), or None for what ought to happen.
    """

    def __init__(self):
        self.behave = lambda step, times: None
        self.ends_as = "ACTIVE"
        self.polls = 1
        self.upload_root = None
        self.films, self.sent, self.steps = {}, {}, Counter()
        self.headers, self.urls = [], []
        self.lock = threading.Lock()
        self._pending = {}

    @staticmethod
    def takes(path):
        return path.startswith("/upload/") or "/files" in urlsplit(path).path

    def refusal(self, body):
        """Return the answer to a question about a film that is not there, or not ready."""
        for turn in body["contents"]:
            for part in turn["parts"]:
                if "fileData" in part:
                    name = uri_of(part).rsplit("/", 1)[1]
                    film = self.films.get(f"files/{name}")
                    if film is None:
                        text = f"You do not have permission to access the File {name} or it may "
                        return 403, error(403, text + "not exist.", "PERMISSION_DENIED")
                    if film["state"] != "ACTIVE":
                        text = f"The File {name} is not in an ACTIVE state and usage is not allowed"
                        return 400, error(400, text, "FAILED_PRECONDITION")
        return None

    def handle(self, handler, root):
        command = handler.headers.get("X-Goog-Upload-Command", "")
        step = {"GET": "get", "DELETE": "delete"}.get(handler.command) or (
            "start" if command == "start" else "upload"
        )
        with self.lock:
            self.steps[step] += 1
            times = self.steps[step]
            self.headers.append((step, dict(handler.headers)))
            self.urls.append(handler.path)
        length = int(handler.headers.get("Content-Length") or 0)
        what = self.behave(step, times)
        if what == CUT:
            handler.rfile.read(length // 2)
            handler.close_connection = True
            return
        body = handler.rfile.read(length)
        if len(body) < length:  # whoever sent it was killed
            handler.close_connection = True
            return
        if what is not None:
            status, message = what
            say(handler, status, error(status, message, "INTERNAL"))
            return
        with self.lock:
            getattr(self, f"_{step}")(handler, root, body)

    def _start(self, handler, root, body):
        told = json.loads(body)["file"]
        number = len(self._pending)
        kind = handler.headers["X-Goog-Upload-Header-Content-Type"]
        self._pending[str(number)] = (told["name"], kind, bytearray())
        assert handler.headers["X-Goog-Upload-Protocol"] == "resumable"
        root = self.upload_root or root
        url = f"{root}/upload/v1beta/files?upload_id={number}&upload_protocol=resumable"
        say(handler, 200, {}, {"X-Goog-Upload-URL": url, "X-Goog-Upload-Status": "active"})

    def _upload(self, handler, root, body):
        number = parse_qs(urlsplit(handler.path).query)["upload_id"][0]
        name, kind, content = self._pending[number]
        assert int(handler.headers["X-Goog-Upload-Offset"]) == len(content)
        content += body
        if "finalize" not in handler.headers["X-Goog-Upload-Command"]:
            say(handler, 200, {}, {"X-Goog-Upload-Status": "active"})
            return
        self.sent[name] = bytes(content)
        self.films[name] = {
            "name": name,
            "mimeType": kind,
            "sizeBytes": str(len(content)),
            "uri": f"{root}/v1beta/{name}",
            "state": "PROCESSING",
            "polls": 0,
        }
        say(handler, 200, {"file": self._told(name)}, {"X-Goog-Upload-Status": "final"})

    def _get(self, handler, root, body):
        film = self.films.get(self._name(handler))
        if film is None:
            say(handler, 403, error(403, "no such File", "PERMISSION_DENIED"))
            return
        film["polls"] += 1
        if film["polls"] >= self.polls:
            film["state"] = self.ends_as
        say(handler, 200, self._told(film["name"]))

    def _delete(self, handler, root, body):
        found = self.films.pop(self._name(handler), None)
        if found is None:
            say(handler, 403, error(403, "no such File", "PERMISSION_DENIED"))
        else:
            say(handler, 200, {})

    def _name(self, handler):
        return "files/" + urlsplit(handler.path).path.rsplit("/", 1)[1]

    def _told(self, name):
        film = {key: value for key, value in self.films[name].items() if key != "polls"}
        if film["state"] == "FAILED":
            film["error"] = {"code": 3, "message": "the video could not be decoded"}
        return film


def uri_of(part):
    """Return where a film is said to be: the interface knows either spelling."""
    told = part["fileData"]
    return told.get("fileUri") or told["file_uri"]


def error(status, message, kind):
    return {"error": {"code": status, "message": message, "status": kind}}


def say(handler, status, content, headers=()):
    content = json.dumps(content).encode()
    handler.send_response(status)
    # as Google's servers do: an upload that failed says so in a header, too
    given = {"X-Goog-Upload-Status": "final"} if status >= 400 else {}
    given |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
    for name, value in (given | dict(headers)).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content)
