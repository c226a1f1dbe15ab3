"""A small Hugging Face Hub: the part of its HTTP that listing, downloading and committing take."""

import hashlib
import json
import re
import sys
import threading
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit

Files = dict[str, bytes]

READ_ONLY = "Forbidden: this token has the role read, and uploads take the role write"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        # A client that was killed, or lost patience: tests look at what it leaves behind.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@dataclass
class Repository:
    """Commits by their hash, and the names that point to them."""

    commits: dict[str, Files] = field(default_factory=dict)
    revisions: dict[str, str] = field(default_factory=dict)
    token: str | None = None
    readers: set[str] = field(default_factory=set)
    """Tokens that may read and not write."""
    gated: bool = False

    def commit(self, files: Files, revision: str = "main") -> str:
        name = hashlib.sha1(f"{revision}{len(self.commits)}{sorted(files)}".encode()).hexdigest()
        self.commits[name] = dict(files)
        self.revisions[revision] = self.revisions[name] = name
        return name

    def files(self, revision: str = "main") -> Files:
        return self.commits[self.revisions[revision]]


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]

    @property
    def kind(self) -> str:
        if self.path.startswith("/cdn/"):
            return "bytes"
        return "resolve" if "/resolve/" in self.path else "api"


Fault = Callable[["_Handler", bytes], None]
"""Answers a request for bytes in place of the server."""


class Hub:
    """The server; ``faults`` are taken from the front, one per request for bytes."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.down: list[int] = []
        self.lists: tuple[str, ...] = ("size", "blobId", "lfs")
        """What is listed of a file beside its name; mirrors list less."""
        self.tampered: dict[str, list[dict]] = {}
        self.on_resolve: Callable[[], object] = dict
        self.uploaded: dict[str, bytes] = {}
        self.refuses = ""
        """Why large files are refused."""
        self.holds_uploads = threading.Event()
        """While it is set, large files are read slowly: not at all."""
        self.arriving = threading.Event()
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self.server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self.port = self.server.server_address[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["Hub"]:
        hub = cls()
        thread = threading.Thread(target=hub.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hub
        finally:
            hub.closing.set()
            hub.server.shutdown()
            thread.join()
            hub.server.server_close()

    def repository(self, name: str = "me/voices") -> Repository:
        return self.repositories.setdefault(name, Repository())

    def count(self) -> Counter[str]:
        """Say how many requests of each kind came since the last count."""
        with self.lock:
            counted = Counter(request.kind for request in self.requests)
            self.requests.clear()
        return counted

    def bytes_requests(self) -> list[Request]:
        with self.lock:
            return [request for request in self.requests if request.kind == "bytes"]


def is_large(path: str) -> bool:
    return path.endswith((".onnx", ".npy"))


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._note()
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/cdn/"):
            return self._bytes(path)
        if self.hub.down:
            return self.json({"error": "down"}, self.hub.down.pop(0))
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            return self._info(match[1], match[2] or "main")
        if match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            return self._resolve(*match.groups())
        return self.json({"error": "unknown"}, 404)

    def do_POST(self) -> None:
        self._note()
        path = unquote(urlsplit(self.path).path)
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # the network has gone
            return None
        if path == "/api/validate-yaml":
            return self.json({"errors": [], "warnings": []})
        if match := re.fullmatch(r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch", path):
            return self._batch(json.loads(body))
        match = re.fullmatch(r"/api/models/([^/]+/[^/]+)/(preupload|commit)/(.+)", path)
        assert match, path
        repository = self._allowed(match[1])
        if repository is None:
            return None
        if match[2] == "preupload":
            modes = [
                {"path": file["path"], "uploadMode": "lfs" if is_large(file["path"]) else "regular"}
                | {"shouldIgnore": False, "oid": None}
                for file in json.loads(body)["files"]
            ]
            return self.json({"files": modes})
        return self._commit(repository, match[3], [json.loads(line) for line in body.splitlines()])

    def do_PUT(self) -> None:
        self._note()
        self.hub.arriving.set()
        if self.hub.holds_uploads.is_set():
            self.hub.closing.wait()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.hub.uploaded[hashlib.sha256(body).hexdigest()] = body
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _note(self) -> None:
        with self.hub.lock:
            self.hub.requests.append(Request(self.command, self.path, dict(self.headers)))

    def json(self, value: object, status: int = 200, **headers: str) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        self.wfile.write(data)

    def _allowed(self, name: str) -> Repository | None:
        repository = self.hub.repositories.get(name)
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        known = {each for one in self.hub.repositories.values() for each in (one.token, *one.readers) if each}
        if given and known and given not in known:
            said = "Invalid credentials in Authorization header"
            self.json({"error": said}, 401, X_Error_Message=said)
            return None
        if repository is None or (repository.token and given not in {repository.token, *repository.readers}):
            self.json({"error": "Repository not found"}, 404 if given else 401, X_Error_Code="RepoNotFound")
            return None
        if self.command == "POST" and given in repository.readers:
            self.json({"error": READ_ONLY}, 403, X_Error_Message=READ_ONLY)
            return None
        if repository.gated:
            self.json({"error": "gated"}, 403, X_Error_Code="GatedRepo")
            return None
        return repository

    def _info(self, name: str, revision: str) -> None:
        repository = self._allowed(name)
        if repository is None:
            return None
        if revision not in repository.revisions:
            return self.json({"error": "Invalid rev id"}, 404, X_Error_Code="RevisionNotFound")
        siblings = [self._sibling(path, data) for path, data in repository.files(revision).items()]
        siblings += self.hub.tampered.get(name, [])
        return self.json({"id": name, "sha": repository.revisions[revision], "siblings": siblings})

    def _sibling(self, path: str, data: bytes) -> dict:
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        sibling = {"rfilename": path, "size": len(data), "blobId": blob}
        if is_large(path):
            sibling["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
        return {name: value for name, value in sibling.items() if name == "rfilename" or name in self.hub.lists}

    def _resolve(self, name: str, revision: str, path: str) -> None:
        self.hub.on_resolve()
        repository = self._allowed(name)
        if repository is None:
            return None
        if path not in repository.files(revision):
            return self.json({"error": "Entry not found"}, 404, X_Error_Code="EntryNotFound")
        self.send_response(302)
        # Another name is another origin: a token must not follow.
        commit = repository.revisions[revision]
        self.send_header(
            "Location", f"http://localhost:{self.hub.port}/cdn/{name}/{commit}/{quote(path)}?X-Amz-Signature=secret"
        )
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    def _bytes(self, path: str) -> None:
        _, _, owner, repo, revision, name = path.split("/", 5)
        data = self.hub.repositories[f"{owner}/{repo}"].files(revision)[name]
        with self.hub.lock:
            fault = self.hub.faults.pop(0) if self.hub.faults else send
        fault(self, data)

    def _batch(self, wanted: dict) -> None:
        upload = {"upload": {"href": f"{self.hub.endpoint}/lfs/"}}
        outcome = {"error": {"code": 403, "message": self.hub.refuses}} if self.hub.refuses else {"actions": upload}
        objects = [{"oid": each["oid"], "size": each["size"]} | outcome for each in wanted["objects"]]
        self.json({"transfer": "basic", "objects": objects})

    def _commit(self, repository: Repository, revision: str, lines: list[dict]) -> None:
        files = dict(repository.files(revision))
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.uploaded[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        commit = repository.commit(files, revision)
        self.json({"success": True, "commitOid": commit, "commitUrl": f"{self.hub.endpoint}/me/voices/commit/{commit}"})


def send(handler: _Handler, data: bytes, *, cut: int | None = None, ranges: bool = True) -> bytes:
    """Answer with bytes, from where the client asks to; ``cut`` so many bytes after the answer's start."""
    asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", "")) if ranges else None
    start = int(asked[1]) if asked else 0
    if asked and start >= len(data):
        handler.json({}, 416)
        return b""
    handler.send_response(206 if asked else 200)
    handler.send_header("Content-Length", str(len(data) - start))
    handler.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
    if asked:
        handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
    handler.end_headers()
    body = data[start:] if cut is None else data[start : start + cut]
    handler.wfile.write(body)
    handler.wfile.flush()
    handler.close_connection = cut is not None
    return body


def truncated(after: int) -> Fault:
    """Break off after so many bytes."""
    return lambda handler, data: send(handler, data, cut=after) and None


def stalled(after: int) -> Fault:
    """Send so many bytes and then nothing, until the server closes."""

    def answer(handler: _Handler, data: bytes) -> None:
        send(handler, data, cut=after)
        handler.hub.closing.wait()

    return answer


def damaged(handler: _Handler, data: bytes) -> None:
    """Send other bytes of the same size."""
    send(handler, bytes(byte ^ 0xFF for byte in data))


def unresuming(handler: _Handler, data: bytes) -> None:
    """Ignore which part was asked for."""
    send(handler, data, ranges=False)


def status(code: int) -> Fault:
    """Answer with a status alone."""
    return lambda handler, _: handler.json({}, code)
