"""What the tests of the manifest's machinery share: publishers, an index, small manifests."""

import functools
import gzip
import hashlib
import http.server
import socket
import threading
import zipfile

import pytest

from engines.models import fetch
from engines.models.manifest import Manifest
from engines.models.store import ModelStore

CONTENT = b"weights of a network " * 5000
FOREIGN = b"x" * len(CONTENT)


class Log:
    """Remembers what a pull told its observer."""

    def __init__(self):
        self.notes, self.ends, self.bytes = [], {}, 0
        self.noted = threading.Event()

    def begin(self, name, size_bytes):
        pass

    def advance(self, name, count):
        self.bytes += count

    def note(self, name, text):
        self.notes.append(text)
        self.noted.set()

    def end(self, name, text):
        self.ends[name] = text

    def noted_times(self, text):
        return sum(text in note for note in self.notes)


@pytest.fixture
def make_log():
    return Log


class Publisher(http.server.BaseHTTPRequestHandler):
    """Answers as its path says; counts the requests."""

    def do_GET(self):
        self.server.requests += 1
        if self.path == "/gone":
            self.send_error(404, "Not Found")
            return
        self.send_response(200)
        if self.path == "/packed" and "gzip" in self.headers.get("Accept-Encoding", ""):
            self.send_packed()
            return
        stated = self.path.partition("?")[2]
        if stated:  # as a hub states the digest of a large file
            self.send_header("X-Linked-ETag", f'"{stated}"')
        if self.path != "/unsized":
            self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if self.path == "/silent":
            self.wfile.write(CONTENT[:100])
            self.server.stopping.wait()
        elif self.path in {"/truncated", "/unsized"}:
            self.wfile.write(CONTENT[:100])
        elif self.path == "/foreign":
            self.wfile.write(FOREIGN)
        else:
            self.wfile.write(CONTENT)

    def send_packed(self):
        content = gzip.compress(CONTENT)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def publisher(monkeypatch):
    monkeypatch.setattr(fetch, "READ_TIMEOUT_S", 2.0)  # nobody but /silent makes a test wait for it
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    server.content = CONTENT
    server.requests, server.stopping = 0, threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=functools.partial(server.serve_forever, 0.01))
    thread.start()
    yield server
    server.stopping.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def dead_url():
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/net"


@pytest.fixture
def entry():
    """Make a manifest's entry of a downloaded model."""

    def make(content, *sources):
        return {
            "about": "",
            "file": "net.bin",
            "licence": "MIT",
            "used_by": ["x"],
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_bytes": len(content),
            "sources": list(sources),
        }

    return make


class Index:
    """A folder that pip takes packages from."""

    def __init__(self, folder):
        self.folder = folder

    def wheel(self, members, *, name="netpackage", tags="py3-none-any"):
        """Write a wheel and return its digest."""
        path = self.folder / f"{name}-1.0-{tags}.whl"
        info = f"{name}-1.0.dist-info"
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in members.items():
                archive.writestr(member, content)
            archive.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
            )
            archive.writestr(
                f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tags}\n"
            )
            archive.writestr(f"{info}/RECORD", "")
        return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path, monkeypatch):
    """The only place that pip takes packages from."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return Index(folder)


@pytest.fixture
def cache(tmp_path):
    """Make a store from models and the digests of packages, or the pin of their one package."""

    def make(models, digests=(), **package):
        pins = {name: {"file_sha256": digest} for name, digest in dict(digests).items()}
        if package:
            pins["netpackage"] = package
        packages = {name: {"version": "1.0", "kind": "wheel"} | pin for name, pin in pins.items()}
        return ModelStore(
            tmp_path / "cache",
            Manifest.model_validate({"schema": 1, "packages": packages, "models": models}),
        )

    return make


@pytest.fixture
def leftovers():
    """List the files in a store's folder."""

    def list_files(store):
        return [p for p in store.root.rglob("*") if p.is_file() and p.name != "pull.lock"]

    return list_files
