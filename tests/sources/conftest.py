import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.sources.hub import Hub
from tests.sources.shared import QUICK, leave_out_user_settings
from tests.support import DEADLINE, free_port
from wyoming_hayakoe.sources.location import open_source
from wyoming_hayakoe.sources.source import Source


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    leave_out_user_settings(monkeypatch, tmp_path)


@pytest.fixture
def hub(monkeypatch) -> Iterator[Hub]:
    with Hub.running() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        yield running


@dataclass(frozen=True)
class Bucket:
    """A bucket of its own on a real server, and a client to look at it with."""

    name: str
    client: object

    def put(self, **files: bytes) -> None:
        for key, data in files.items():
            self.client.put_object(Bucket=self.name, Key=key, Body=data)

    def keys(self) -> set[str]:
        found = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return {each["Key"] for each in found}


def _moto(port: int, directory: Path) -> list[str]:
    return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]


def _pys3local(port: int, directory: Path) -> list[str]:
    program = Path(sys.executable).with_name("pys3local")
    keys = ["--access-key-id", "somebody", "--secret-access-key", "secret", "--allow-bucket-creation"]
    return [str(program), "serve", "--path", str(directory), "--listen", f"127.0.0.1:{port}", *keys]


SERVERS = {"moto": _moto, "pys3local": _pys3local}


@contextmanager
def _listening(command: list[str], port: int, directory: Path) -> Iterator[str]:
    home = {"HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | home)
    try:
        end = time.monotonic() + DEADLINE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                log_so_far = (directory / "log").read_text()
                assert process.poll() is None, log_so_far
                assert time.monotonic() < end, log_so_far
                time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session", params=list(SERVERS))
def s3_server(request, tmp_path_factory) -> Iterator[str]:
    """The address of an S3 server in a process of its own."""
    if find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed: script/setup dev")
    port, directory = free_port(), tmp_path_factory.mktemp(request.param)
    with _listening(SERVERS[request.param](port, directory), port, directory) as address:
        yield address


@pytest.fixture
def bucket(s3_server, monkeypatch) -> Bucket:
    import boto3

    for name, value in {
        "AWS_ENDPOINT_URL_S3": s3_server,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    made = Bucket(f"voices-{uuid.uuid4().hex[:12]}", boto3.session.Session().client("s3"))
    made.client.create_bucket(Bucket=made.name)
    return made


@pytest.fixture
def opened(tmp_path):
    """Opens a source that loses patience quickly; its cache is ``tmp_path / "data"``."""

    def open_quickly(uri: str, **arguments) -> Source:
        return open_source(uri, tmp_path / "data", patience=QUICK, **arguments)

    return open_quickly


@pytest.fixture
def requests(monkeypatch) -> list[str]:
    """The addresses to which the library of S3 sends requests."""
    from botocore.httpsession import URLLib3Session

    sent = []
    send = URLLib3Session.send
    monkeypatch.setattr(
        URLLib3Session, "send", lambda session, request: sent.append(request.url) or send(session, request)
    )
    return sent
