"""What a Hub answers to the question for a repository's files."""

import json
import re

from wyoming_hayakoe.errors import in_brief
from wyoming_hayakoe.folders import shown
from wyoming_hayakoe.sources.answers import matching, size_of
from wyoming_hayakoe.sources.source import Item, SourceError

PLAIN = "commit:"
"""The beginning of the tag of a file that a mirror lists by its name alone: it changes with the next commit."""

_SHA1 = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,254}")
_NAME = re.compile(r".{1,1024}", re.DOTALL)
# Two for each file and some for the rest. Each costs up to 200 bytes of memory for 2 bytes of the answer.
_MOST_BRACKETS = 100_000


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
