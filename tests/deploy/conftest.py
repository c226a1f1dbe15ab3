import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import DEADLINE, TINY_REPO, free_port


@dataclass(frozen=True)
class PrivateBucket:
    """A bucket that gives nothing to whoever does not know the secret."""

    name: str
    address: str
    secret: str

    def credentials(self, path: Path, secret: str) -> Path:
        """Write a file as ~/.aws/credentials is."""
        path.write_text(
            f"[default]\naws_access_key_id = somebody\naws_secret_access_key = {secret}\n"
            f"region = us-east-1\nendpoint_url = {self.address}\n"
        )
        return path


@pytest.fixture
def private_bucket(tmp_path) -> Iterator[PrivateBucket]:
    """The test repository, on a server that wants a key."""
    import boto3
    from botocore.exceptions import ClientError, EndpointConnectionError

    program, secret = Path(sys.executable).with_name("pys3local"), f"very-secret-{tmp_path.name}"
    bucket = PrivateBucket(f"voices-{uuid.uuid4().hex[:12]}", f"http://127.0.0.1:{(port := free_port())}", secret)
    keys = ["--access-key-id", "somebody", "--secret-access-key", secret, "--allow-bucket-creation"]
    folder = tmp_path / "bucket"
    folder.mkdir()
    server = subprocess.Popen([program, "serve", "--path", folder, "--listen", f"127.0.0.1:{port}", *keys])
    try:
        client = boto3.client(
            "s3",
            endpoint_url=bucket.address,
            aws_access_key_id="somebody",
            aws_secret_access_key=secret,
            region_name="us-east-1",
        )
        end = time.monotonic() + DEADLINE
        while True:
            try:
                client.create_bucket(Bucket=bucket.name)
                break
            except (EndpointConnectionError, ClientError):
                assert time.monotonic() < end
                assert server.poll() is None
        for path in filter(Path.is_file, TINY_REPO.rglob("*")):
            client.put_object(Bucket=bucket.name, Key=path.relative_to(TINY_REPO).as_posix(), Body=path.read_bytes())
        yield bucket
    finally:
        server.kill()
        server.wait()
