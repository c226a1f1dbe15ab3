"""Voices in a bucket of S3, or of a storage with the same HTTP: R2, MinIO, Wasabi (AWS_ENDPOINT_URL_S3)."""

import hashlib
import importlib
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from wyoming_hayakoe.disk import one_line_errors
from wyoming_hayakoe.errors import HayakoeError, UsageError, cause_of, in_brief
from wyoming_hayakoe.folders import shown
from wyoming_hayakoe.sources import files
from wyoming_hayakoe.sources.answers import extent, read_listing
from wyoming_hayakoe.sources.s3_answers import BoundedSession, check_markup, checksum, code_of, listed
from wyoming_hayakoe.sources.sending import Sending
from wyoming_hayakoe.sources.source import (
    Body,
    ChangedError,
    DeniedError,
    Item,
    Listing,
    Patience,
    Progress,
    SourceError,
    UnavailableError,
)
from wyoming_hayakoe.version import __version__

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.response import StreamingBody

FORMS = "s3://BUCKET[/PREFIX]"

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_CHUNK = 1 << 16
_MOST_PAGES = 100
# Names of unfinished uploads; they make no voice.
_STAGING = ".incoming"
_STAGED = ".part"
_INVALID_KEYS = {"InvalidAccessKeyId", "SignatureDoesNotMatch"}
_KEYS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
_TALKATIVE = ("boto3", "botocore", "urllib3")


def recognise(text: str) -> tuple[str, str] | None:
    """Return the bucket and prefix that a URI names, None where it is of another kind."""
    if not text.startswith("s3://"):
        return None
    bucket, _, prefix = text.removeprefix("s3://").partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise UsageError("s3:// is followed by a bucket's name, with no keys in it: write s3://BUCKET[/PREFIX]")
    return bucket, files.clean_prefix(prefix)


class S3:
    """A bucket, or a prefix in it; the prefix may be a single file."""

    def __init__(self, bucket: str, base: str, patience: Patience | None = None) -> None:
        """Take keys, region and endpoint from where boto3 looks; without keys, requests are anonymous."""
        self._bucket = bucket
        self._base = base
        self._patience = patience or Patience()

    @property
    def uri(self) -> str:
        """``s3://BUCKET[/PREFIX]``."""
        return f"s3://{self._bucket}" + (f"/{self._base}" if self._base else "")

    def listing(self, prefix: str) -> Listing:
        """List the objects below a prefix; where there is none, the object of that name."""
        whole = "/".join(part for part in (self._base, prefix) if part)
        items = files.checked(self._objects(f"{whole}/" if whole else ""), self.uri)
        if items or not whole:
            return Listing(items)
        # A source that is a file lists its own name, which is therefore a prefix as well.
        is_own_name = bool(prefix) and prefix == _name(self._base)
        for key in [whole, self._base] if is_own_name else [whole]:
            found = [item for item in self._objects(key, limit=1) if item.pin == key]
            if found:
                return Listing(files.checked(found, self.uri), is_file=True)
        return Listing(())

    def whole(self) -> Listing | None:
        """List all objects; None where they are more than one answer holds, which is 1000."""
        with self._told():
            answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._base)
            if answer.get("IsTruncated"):
                return None
            found = listed(answer, self._base)
        below = tuple(item for item in found if not self._base or item.pin.startswith(f"{self._base}/"))
        named = tuple(item for item in found if item.pin == self._base)
        return Listing(below or named, is_file=not below and bool(named))

    @contextmanager
    def open(self, item: Item, start: int) -> Iterator[Body]:
        """Read an object if it is still the listed one."""
        part = {"Range": f"bytes={start}-"} if start else {}
        with ExitStack() as stack:
            with self._told():
                answer = self._client.get_object(Bucket=self._bucket, Key=item.pin, **part)
                stream = stack.enter_context(closing(answer["Body"]))
                if f"etag:{answer.get('ETag')}"[:256] != item.tag:
                    raise ChangedError(f"{self.uri}: {item.path!r} is no longer the one that was listed")
                given = answer["ResponseMetadata"]
                headers = {name.title(): value for name, value in given["HTTPHeaders"].items()}
                first, size = extent(headers, is_partial=given["HTTPStatusCode"] == 206)
                body = Body(first, self._chunks(stream), checksum(answer), size)
            # What the disk raises while a file is written is none of the storage's.
            yield body

    def upload(self, parts: Mapping[str, Path], progress: Progress | None = None) -> None:
        """Put each file at a temporary key with its SHA-256; when all are there, have the storage copy them.

        S3 replaces one object at a time: only those copies, which take moments, can be interrupted half-way.
        """
        ours = files.gathered(parts)
        sending = Sending(ours, self.uri, progress)
        self._clear_staging()
        staged = []
        try:
            for name, path in ours.items():
                staged.append(self._put(self._key(f"{_STAGING}/{name}{_STAGED}"), path, sending))
                sending.sent(name)
            for name, key in zip(ours, staged, strict=True):
                self._copy(key, self._key(name), ours[name], sending)
            there = {item.path: item for prefix in parts for item in self.listing(prefix).items}
            self._delete(there[path].pin for path in files.left_over(there, parts, ours))
        except Exception:
            # The first error is raised; what cannot be removed now is removed by the next upload. So is all that an
            # interrupted one leaves: Ctrl-C waits for no storage.
            with suppress(SourceError):
                self._delete(staged)
            raise
        self._delete(staged)
        sending.end()

    def check_upload(self) -> None:
        """Put an empty object, which is removed with what interrupted uploads have left."""
        with self._told():
            self._client.put_object(Bucket=self._bucket, Key=self._key(f"{_STAGING}/try{_STAGED}"), Body=b"")
        self._clear_staging()

    def _clear_staging(self) -> None:
        # An upload that another process has under way puts again what it finds gone.
        self._delete([item.pin for item in self._objects(self._key(f"{_STAGING}/"))])

    def delete(self, prefix: str) -> None:
        """Delete the objects one by one: not every server can delete many in one request."""
        self._delete(item.pin for item in self.listing(prefix).items)

    def _key(self, path: str) -> str:
        return f"{self._base}/{path}".lstrip("/")

    def _chunks(self, stream: "StreamingBody") -> Iterator[bytes]:
        with self._told():
            yield from stream.iter_chunks(_CHUNK)

    def _objects(self, beginning: str, limit: int | None = None) -> Iterator[Item]:
        page: dict[str, str | int] = {"MaxKeys": limit} if limit else {}
        for _ in range(1 if limit else _MOST_PAGES):
            with self._told():
                answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=beginning, **page)
                found = listed(answer, self._base)
                page = {"ContinuationToken": answer.get("NextContinuationToken") or ""}
            yield from found
            if not answer.get("IsTruncated") or not page["ContinuationToken"] or limit:
                return
        raise SourceError(f"{self.uri}: lists more than {_MOST_PAGES} pages: name the folder of a voice in it")

    def _put(self, key: str, path: Path, sending: Sending) -> str:
        with one_line_errors(path, "name another folder"), sending.open(path) as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            with self._told():
                self._client.put_object(Bucket=self._bucket, Key=key, Body=file, Metadata={"sha256": sha256})
        return key

    def _copy(self, key: str, target: str, path: Path, sending: Sending) -> None:
        """Have the storage copy an object; upload the file again where the storage cannot."""
        try:
            with self._told():
                source = {"Bucket": self._bucket, "Key": key}
                self._client.copy_object(Bucket=self._bucket, Key=target, CopySource=source)
        except SourceError:
            self._put(target, path, sending)

    def _delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            with self._told():
                self._client.delete_object(Bucket=self._bucket, Key=key)

    @cached_property
    def _client(self) -> "BaseClient":
        # Their log lines about requests hold signatures.
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        boto3, config = importlib.import_module("boto3"), importlib.import_module("botocore.config")
        session = boto3.session.Session()
        unsigned = importlib.import_module("botocore").UNSIGNED
        settings = config.Config(
            connect_timeout=self._patience.connect,
            read_timeout=self._patience.read,
            retries={"mode": "standard", "total_max_attempts": 1},
            signature_version=None if session.get_credentials() else unsigned,
            # Checksums that are not required are newer than many servers.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            user_agent_extra=f"wyoming-hayakoe/{__version__}",
        )
        try:
            client: BaseClient = session.client("s3", config=settings)
        except ValueError:
            raise SourceError(
                f"{self.uri}: AWS_ENDPOINT_URL_S3 is no address: write https://HOST, or unset it"
            ) from None
        endpoint = client._endpoint  # noqa: SLF001 - the one place where an answer can be bounded before it is read
        endpoint.http_session = BoundedSession(endpoint.http_session, self._read_whole)
        return client

    def _read_whole(self, chunks: Iterator[bytes]) -> bytes:
        return check_markup(read_listing(chunks, self.uri, self._patience))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the library's exceptions into SourceErrors of one line."""
        errors = importlib.import_module("botocore.exceptions")
        network = importlib.import_module("urllib3.exceptions").HTTPError
        try:
            yield
        except errors.ClientError as error:
            answer = error.response
            status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            raise self._refused(status, code_of(answer)) from None
        except HayakoeError:
            raise
        except (errors.ConnectionError, errors.HTTPClientError, errors.IncompleteReadError, network) as error:
            reason = "answers too slowly" if "Timeout" in type(error).__name__ else "cannot be reached"
            raise UnavailableError(
                f"{self.uri}: the storage {reason} ({cause_of(error)}): check the network and AWS_ENDPOINT_URL_S3"
            ) from None
        except errors.BotoCoreError as error:
            raise SourceError(
                f"{self.uri}: {type(error).__name__}: correct the AWS_ variables or the profile"
            ) from None
        except (OSError, MemoryError):
            raise
        except Exception as error:
            # Whatever a server's headers and XML make the libraries stumble over.
            raise SourceError(
                f"{self.uri}: the storage answers as no S3 does ({shown(in_brief(error))}): check AWS_ENDPOINT_URL_S3"
            ) from error

    def _refused(self, status: int, code: str) -> SourceError:
        if status in {404, 416} and code != "NoSuchBucket":
            return ChangedError(f"{self.uri}: a file is no longer the one that was listed")
        if code == "NoSuchBucket":
            return SourceError(f"{self.uri}: there is no such bucket: check the name and AWS_ENDPOINT_URL_S3")
        if status in {408, 429} or status >= 500:
            return UnavailableError(f"{self.uri}: the storage is overloaded or down (HTTP {status}): try again later")
        if status in {401, 403}:
            remedy = (
                "the keys are not valid: copy them again" if code in _INVALID_KEYS else f"{_KEYS} with the permission"
            )
            return DeniedError(f"{self.uri}: forbidden ({code}): {remedy}")
        if status in {301, 307, 400}:
            return SourceError(f"{self.uri}: refused ({code}): set AWS_REGION to the bucket's, and {_KEYS}")
        return SourceError(f"{self.uri}: refused (HTTP {status}, {code}): check the name and AWS_ENDPOINT_URL_S3")


def _name(key: str) -> str:
    return key.rpartition("/")[2]
