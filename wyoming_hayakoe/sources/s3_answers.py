"""What an S3 storage answers, read within bounds before botocore makes something of it."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from wyoming_hayakoe.sources.answers import size_of
from wyoming_hayakoe.sources.sending import SentFile
from wyoming_hayakoe.sources.source import Item

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

_CHUNK = 1 << 16
# A page of 1000 keys has 14,000. Each costs 100 bytes of memory for 4 bytes of the answer.
_MOST_TAGS = 100_000
_REGION = "x-amz-bucket-region"
_CODE = re.compile(r"[A-Za-z0-9.]{1,64}")
_MD5 = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class HttpSession(Protocol):
    """botocore's HTTP session."""

    def send(self, request: "AWSPreparedRequest") -> "AWSResponse":
        """Send a request and return the answer."""

    def close(self) -> None:
        """Close the connections."""


class BoundedSession:
    """An HTTP session for botocore whose answers are bounded: botocore reads whatever comes, to its end."""

    def __init__(self, session: HttpSession, read_whole: Callable[[Iterator[bytes]], bytes]) -> None:
        """Send by ``session``; ``read_whole`` reads every answer but the content of a file."""
        self._session = session
        self._read_whole = read_whole

    def send(self, request: "AWSPreparedRequest") -> "AWSResponse":
        """Send a request and return the answer: the content of a file as it arrives, all else as a whole."""
        is_file, request.stream_output = request.stream_output, True
        if isinstance(request.body, SentFile):
            request.body.begin()
        answer = self._session.send(request)
        arriving = answer.raw = _Arriving(answer.raw)
        if not (is_file and answer.status_code < 300):
            try:
                answer.raw = _Whole(self._read_whole(arriving.stream()))
            finally:
                arriving.close()
        # botocore would ask for the bucket's region, by HEAD, until the stack is full.
        if request.method == "HEAD" and 300 <= answer.status_code < 400 and _REGION not in answer.headers:
            raise ValueError("a redirection to nowhere")
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


class _Arriving:
    """The content of an answer; each piece is returned as it arrives, and none is waited for to be full."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def read(self, count: int | None = None) -> bytes:
        data: bytes = self._raw.read1(count or _CHUNK, decode_content=False)
        return data

    def stream(self) -> Iterator[bytes]:
        while piece := self.read():
            yield piece

    def close(self) -> None:
        # Not given back to the pool: something may still be coming.
        self._raw.close()


class _Whole:
    """The content of an answer that is here."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> Iterator[bytes]:
        yield self._data


def check_markup(answer: bytes) -> bytes:
    """Return XML that takes no more memory than a page of keys.

    Raises:
        ValueError: it has far too many elements.
    """
    if answer.count(b"<") > _MOST_TAGS:
        raise ValueError("too long a list")
    return answer


def listed(answer: Mapping[str, Any], base: str) -> list[Item]:
    """Return the objects of one page of ``ListObjectsV2``; whether paths are safe is :func:`files.checked`'s to say.

    Args:
        answer: the page as botocore reads it.
        base: key prefix of the source.

    Raises:
        ValueError: that is no such page.
    """
    return [_item(found, base) for found in _objects(answer) if not _key(found).endswith("/")]


def _objects(answer: Mapping[str, Any]) -> list[Any]:
    found = answer.get("Contents", [])
    if not isinstance(found, list):
        raise ValueError("a list is none")
    return found


def _key(found: object) -> str:
    # Some consoles mark a folder by a key that ends in a slash.
    if not isinstance(found, dict) or not isinstance(found.get("Key"), str) or not found["Key"]:
        raise ValueError("a key is none")
    return str(found["Key"])


def _item(found: Mapping[str, Any], base: str) -> Item:
    key = _key(found)
    path = key.rpartition("/")[2] if key == base else key[len(base) :].removeprefix("/")
    return Item(path, size_of(found.get("Size")), f"etag:{found.get('ETag')}"[:256], key)


def checksum(answer: Mapping[str, Any]) -> str | None:
    """Return the SHA-256 from the metadata of our uploads; else the ETag, where that is an MD5."""
    noted = str(answer.get("Metadata", {}).get("sha256", ""))
    if _SHA256.fullmatch(noted):
        return f"sha256:{noted}"
    etag = str(answer.get("ETag", "")).strip('"')
    is_md5 = _MD5.fullmatch(etag) and not str(answer.get("ServerSideEncryption", "")).startswith("aws:kms")
    return f"md5:{etag}" if is_md5 else None


def code_of(answer: Mapping[str, Any]) -> str:
    """Return the word that a storage gives for a refusal; "unknown" where it is none that belongs into a log."""
    error = answer.get("Error")
    code = error.get("Code") if isinstance(error, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "unknown"
