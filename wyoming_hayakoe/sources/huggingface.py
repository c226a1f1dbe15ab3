"""Voices on the Hugging Face Hub, or on a server that speaks its HTTP (HF_ENDPOINT).

huggingface_hub lists, signs and uploads. Its own download is not used: after a killed process a Xet transfer starts at
the beginning, and a dozen threads slow a small board down. Plain HTTP from the same addresses does neither.
"""

import importlib
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, unquote, urlsplit

from wyoming_hayakoe.disk import one_line_errors
from wyoming_hayakoe.errors import HayakoeError, cause_of, in_brief
from wyoming_hayakoe.folders import shown
from wyoming_hayakoe.sources import files
from wyoming_hayakoe.sources.answers import extent, read_listing
from wyoming_hayakoe.sources.hub_answers import HUB, PLAIN, TOKENS, Asked, brief, listed, refusal
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
    from types import ModuleType

    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

FORMS = "hf://OWNER/REPO[@REVISION], OWNER/REPO, https://huggingface.co/OWNER/REPO[/tree/REVISION]"

_MAIN = "main"
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}"
_REPOSITORY = re.compile(rf"(?P<repo>{_NAME}/{_NAME})(?:@(?P<revision>[^@\s\\]+))?")
_WEB_HOSTS = {"huggingface.co", "www.huggingface.co", "hf.co"}
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RuntimeError)
_DEEPEST = 5
# Seconds in which the Hub may answer: a commit of many files takes some.
_COMMIT_SECONDS = 120.0
_TALKATIVE = {"huggingface_hub": logging.ERROR, "httpx": logging.WARNING, "httpx2": logging.WARNING}
_TALKATIVE |= {"httpcore": logging.WARNING, "httpcore2": logging.WARNING}


class HttpResponse(Protocol):
    """An answer of the HTTP client, which is another package in other versions of the library."""

    status_code: int
    headers: Mapping[str, str]

    def iter_raw(self) -> Iterator[bytes]:
        """Yield the body as it arrives."""


def recognise(text: str) -> tuple[str, str] | None:
    """Return the repository and revision that a URI names, None where it is of another kind."""
    if text.startswith(("https://", "http://")):
        text = _from_web(text) or ""
    elif "://" in text and not text.startswith("hf://"):
        return None
    match = _REPOSITORY.fullmatch(text.removeprefix("hf://"))
    return (match["repo"], match["revision"] or _MAIN) if match else None


def _from_web(text: str) -> str | None:
    try:
        parts = urlsplit(text)
    except ValueError:  # brackets that hold no address
        return None
    steps = [unquote(step) for step in parts.path.strip("/").split("/")]
    if parts.netloc not in _WEB_HOSTS or parts.query:
        return None
    match steps:
        case [owner, repo]:
            return f"{owner}/{repo}"
        case [owner, repo, "tree", revision]:
            return f"{owner}/{repo}@{revision}"
        case [owner, repo, "tree", "refs", kind, name]:
            return f"{owner}/{repo}@refs/{kind}/{name}"
    return None


class HuggingFace:
    """A model repository at a revision; each listing pins the commit from which its files are downloaded."""

    def __init__(self, repo: str, revision: str, token: str | None = None, patience: Patience | None = None) -> None:
        """Use ``token``, else the one that huggingface_hub finds (HF_TOKEN, or the stored login)."""
        self._repo = repo
        self._revision = revision
        self._token = token
        self._patience = patience or Patience()

    @property
    def uri(self) -> str:
        """``hf://OWNER/REPO``, and ``@REVISION`` where that is not main."""
        return f"hf://{self._repo}" + (f"@{self._revision}" if self._revision != _MAIN else "")

    def listing(self, prefix: str) -> Listing:
        """Return the files below a prefix; the Hub lists the whole repository at once."""
        return files.below(self.whole(), prefix, self.uri)

    def whole(self) -> Listing:
        """List the repository at its newest commit."""
        url = f"{self._api.endpoint}/api/models/{self._repo}/revision/{quote(self._revision, safe='')}?blobs=true"
        with self._told(), self._answer(url) as response:
            answer = read_listing(response.iter_raw(), self.uri, self._patience)
            return Listing(listed(answer, self._revision, f"{self.uri}: {self._host}"))

    @contextmanager
    def open(self, item: Item, start: int) -> Iterator[Body]:
        """Read a file of the listed commit."""
        url = self._library.hf_hub_url(self._repo, item.path, revision=item.pin, endpoint=self._api.endpoint)
        with ExitStack() as stack:
            with self._told():
                response = stack.enter_context(self._answer(url, start))
                if response.status_code == 416:
                    raise ChangedError(f"{self.uri}: {item.path!r} is shorter than it was listed")
                first, size = extent(response.headers, is_partial=response.status_code == 206)
            checksum = None if item.tag.startswith(PLAIN) else item.tag
            # What the disk raises while a file is written is none of the Hub's.
            yield Body(first, self._chunks(response), checksum, size)

    @contextmanager
    def _answer(self, url: str, start: int = 0) -> Iterator[HttpResponse]:
        """Send a request; SourceError unless it succeeds. No byte of the answer's body is read."""
        utils = self._library.utils
        headers = utils.build_hf_headers(
            token=self._token, library_name="wyoming-hayakoe", library_version=__version__
        ) | {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        limits = (self._patience.connect, self._patience.read, self._patience.read, self._patience.connect)
        session = utils.get_session()
        # A cookie that no header takes would make every later request fail; the Hub needs none.
        session.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
        with session.stream("GET", url, headers=headers, timeout=limits, follow_redirects=True) as response:
            if response.status_code not in {200, 206, 416}:
                raise self._refused(response.status_code, response.headers)
            yield response

    def _chunks(self, response: HttpResponse) -> Iterator[bytes]:
        with self._told():
            yield from response.iter_raw()

    def upload(self, parts: Mapping[str, Path], progress: Progress | None = None) -> None:
        """Make one commit that adds the files and deletes the others below the prefixes.

        The files go up one after another, by plain HTTP and in this thread: Xet, the default of the library, reports no
        bytes to a program, and its threads survive Ctrl-C for 40 s. The Hub takes both.
        """
        ours = files.gathered(parts)
        there = [item.path for item in self.listing("").items]
        hub = self._library
        sending = Sending(ours, self.uri, progress)
        operations: list[CommitOperationAdd | CommitOperationDelete] = []
        with ExitStack() as opened:
            for name, path in ours.items():
                with one_line_errors(path, "name another folder"):
                    file = opened.enter_context(sending.open(path))
                    # A file object, unlike a path, is never sent by Xet. It is read for its checksum here.
                    operation = hub.CommitOperationAdd(path_in_repo=name, path_or_fileobj=file)
                file.begin()
                with self._uploading():
                    self._api.preupload_lfs_files(
                        self._repo, [operation], revision=self._revision, num_threads=1, free_memory=False
                    )
                sending.sent(name)
                operations.append(operation)
            operations += [hub.CommitOperationDelete(path_in_repo=name) for name in files.left_over(there, parts, ours)]
            self._commit(operations, f"Upload {', '.join(parts)}")
        sending.end()

    def check_upload(self) -> None:
        """Ask the Hub how it would take a file, which it tells only who may write."""
        if not self._has_token:
            raise DeniedError(f"{self.uri}: there is no token: make one that may write at {TOKENS}, and set HF_TOKEN")
        tried = self._library.CommitOperationAdd(path_in_repo="README.md", path_or_fileobj=b"-")
        with self._uploading():
            self._api.preupload_lfs_files(self._repo, [tried], revision=self._revision)

    def delete(self, prefix: str) -> None:
        """Make one commit that deletes the files."""
        hub = self._library
        self._commit([hub.CommitOperationDelete(item.path) for item in self.listing(prefix).items], f"Delete {prefix}")

    def _commit(self, operations: "list[CommitOperationAdd | CommitOperationDelete]", message: str) -> None:
        if not operations:
            return
        with self._uploading():
            self._api.create_commit(self._repo, operations, commit_message=message, revision=self._revision)

    @contextmanager
    def _uploading(self) -> Iterator[None]:
        """As :meth:`_told`, for what the library says of uploads; a network that stalls is given up."""
        errors = self._library.errors
        read = max(self._patience.read, _COMMIT_SECONDS)
        self._library.utils.get_session().timeout = (self._patience.connect, read, read, self._patience.connect)
        with self._told():
            try:
                yield
            except (OSError, *_MALFORMED) as error:
                known = (errors.HfHubHTTPError, errors.HfHubHTTPError.__mro__[1])
                # The library wraps what fails while a large file goes up.
                for cause in _causes(error):
                    if isinstance(cause, known):
                        raise cause from None
                raise SourceError(f"{self.uri}: the upload failed: {brief(str(error))}: try again") from error

    @cached_property
    def _library(self) -> "ModuleType":
        # Read when the library is imported. Its log lines about requests may hold signed addresses.
        os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        os.environ.setdefault("HF_HUB_VERBOSITY", "error")
        for part in ("errors", "utils"):
            importlib.import_module(f"huggingface_hub.{part}")
        for name, level in _TALKATIVE.items():
            logging.getLogger(name).setLevel(level)
        return importlib.import_module("huggingface_hub")

    @cached_property
    def _api(self) -> "HfApi":
        endpoint = (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
        if not _is_address(endpoint):
            raise SourceError(f"{self.uri}: HF_ENDPOINT is no address: write https://HOST, or unset it")
        api: HfApi = self._library.HfApi(
            endpoint=endpoint,
            token=self._token,
            library_name="wyoming-hayakoe",
            library_version=__version__,
        )
        return api

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the library's exceptions into SourceErrors of one line."""
        errors = self._library.errors
        # The base class of the HTTP client's exceptions; the client is another package in other versions.
        failure = errors.HfHubHTTPError.__mro__[1]
        try:
            yield
        except errors.HfHubHTTPError as error:
            said = error.server_message or ""
            raise self._refused(error.response.status_code, error.response.headers, said) from None
        except errors.OfflineModeIsEnabled:
            raise SourceError(f"{self.uri}: HF_HUB_OFFLINE is set: unset it to download") from None
        except HayakoeError:
            raise
        except failure as error:
            reason = "answers too slowly" if "Timeout" in type(error).__name__ else "cannot be reached"
            raise UnavailableError(
                f"{self.uri}: {self._host} {reason} ({cause_of(error)}): check the network and HF_ENDPOINT"
            ) from None
        except (OSError, MemoryError):
            raise
        except Exception as error:
            # Whatever a server's headers make the libraries stumble over.
            raise SourceError(
                f"{self.uri}: {self._host} answers as no Hub does ({shown(in_brief(error))}): check HF_ENDPOINT"
            ) from error

    @property
    def _has_token(self) -> bool:
        return bool(self._token or self._library.get_token())

    @property
    def _host(self) -> str:
        return urlsplit(self._api.endpoint).hostname or "the Hub"

    def _refused(self, status: int, headers: Mapping[str, str], said: str = "") -> SourceError:
        asked = Asked(self.uri, self._repo, self._revision, self._host, has_token=self._has_token)
        return refusal(asked, status, headers, said)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it was raised from."""
    for _ in range(_DEEPEST):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
