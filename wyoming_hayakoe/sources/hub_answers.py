"""What a Hub answers: the files of a repository, or why it refuses."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from wyoming_hayakoe.errors import in_brief
from wyoming_hayakoe.folders import shown
from wyoming_hayakoe.sources.answers import matching, seconds_in, size_of
from wyoming_hayakoe.sources.source import DeniedError, Item, SourceError, UnavailableError

HUB = "https://huggingface.co"
TOKENS = f"{HUB}/settings/tokens"

PLAIN = "commit:"
"""The beginning of the tag of a file that a mirror lists by its name alone: it changes with the next commit."""

_SHA1 = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,254}")
_NAME = re.compile(r".{1,1024}", re.DOTALL)
# Two for each file and some for the rest. Each costs up to 200 bytes of memory for 2 bytes of the answer.
_MOST_BRACKETS = 100_000
# How the Hub begins to say that it does not know a token; without one, it says 401 of whatever it does not show.
_INVALID = "Invalid credentials"
_QUERY = re.compile(r"\?\S+")
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What a Hub was asked for."""

    uri: str
    repository: str
    revision: str
    host: str
    has_token: bool


def refusal(asked: Asked, status: int, headers: Mapping[str, str], said: str) -> SourceError:
    """Return the line for a refusal, with the Hub's own reason: ``said``, or what is in the headers."""
    said = brief(headers.get("X-Error-Message", "") or said)
    code = headers.get("X-Error-Code", "")
    if status in {408, 429} or status >= 500:
        line = f"{asked.uri}: {asked.host} is overloaded or down (HTTP {status}): try again later"
        return UnavailableError(line, seconds_in(headers.get("Retry-After", "")))
    if code == "RevisionNotFound":
        return SourceError(f"{asked.uri}: has no revision {asked.revision!r}: check what follows the @")
    if code == "GatedRepo":
        return DeniedError(f"{asked.uri}: asks for consent: give it at {HUB}/{asked.repository}, then set HF_TOKEN")
    if status in {401, 404}:
        return _not_shown(asked, status, is_invalid=status == 401 and said.startswith(_INVALID))
    reason = f": {said}" if said else ""
    if status == 403:
        line = f"forbidden (HTTP 403){reason}: set HF_TOKEN to a token with the permission, from {TOKENS}"
        return DeniedError(f"{asked.uri}: {line}")
    return SourceError(f"{asked.uri}: refused (HTTP {status}){reason}: check the name and the revision")


def _not_shown(asked: Asked, status: int, *, is_invalid: bool) -> SourceError:
    if is_invalid:
        return DeniedError(
            f"{asked.uri}: the token is not valid (HTTP {status}): copy it again from {TOKENS} to HF_TOKEN"
        )
    folder = f"a folder is written ./{asked.repository}"
    if asked.has_token:
        line = f"there is no such repository, or the token may not see it (HTTP {status}): check the name, or make it"
        return SourceError(f"{asked.uri}: {line} at {HUB}/new; {folder}")
    line = f"not found, or private (HTTP {status}): check the name; for a private repository set HF_TOKEN"
    return DeniedError(f"{asked.uri}: {line}; {folder}")


def brief(text: str) -> str:
    """Return a server's reason as one line, without what follows the ? of an address, which may be signed."""
    return shown(_QUERY.sub("?…", " ".join(text.split()))[:_LONGEST_REASON]).rstrip(".")


def listed(answer: bytes, revision: str, source: str) -> tuple[Item, ...]:
    """Return the files of a repository; whether their paths are safe is for :func:`files.checked` to say.

    Args:
        answer: JSON, as ``/api/models/OWNER/REPO/revision/REVISION?blobs=true`` has it.
        revision: what was asked for; a server may leave out which commit that is.
        source: who answers, for error messages.

    Raises:
        SourceError: that is no such answer.
    """
    try:
        return tuple(_items(answer, revision))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{source} answers as no Hub does ({shown(in_brief(error))}): check HF_ENDPOINT") from None


def _items(answer: bytes, revision: str) -> list[Item]:
    if answer.count(b"{") + answer.count(b"[") > _MOST_BRACKETS:
        raise ValueError("too long a list")
    info = json.loads(answer)
    if not isinstance(info, dict) or not isinstance(info.get("siblings"), list):
        raise ValueError("no list of files")
    commit = matching(_COMMIT, info.get("sha") or revision, "a commit")
    return [_item(file, commit) for file in info["siblings"]]


def _item(file: object, commit: str) -> Item:
    if not isinstance(file, dict):
        raise ValueError("a file is none")
    large = file.get("lfs") or {}
    if not isinstance(large, dict):
        raise ValueError("a large file is none")
    size = large.get("size") if file.get("size") is None else file["size"]
    if large:
        tag = f"sha256:{matching(_SHA256, large.get('sha256'), 'a checksum')}"
    elif file.get("blobId"):
        tag = f"git:{matching(_SHA1, file['blobId'], 'a checksum')}"
    else:
        tag = f"{PLAIN}{commit}"
    return Item(matching(_NAME, file.get("rfilename"), "a name"), None if size is None else size_of(size), tag, commit)
