"""The BERT's vocabulary: one id for each character."""

import json
import unicodedata
from pathlib import Path

from wyoming_hayakoe.errors import HayakoeError

# The published files have 0.1 and 0.4 MB.
_LARGEST_BYTES = 4 << 20
_LARGEST_ID = 1 << 24


class Vocabulary:
    """The character vocabulary of a published tokenizer.

    A tokenizer library is not used: the fast ones glue runs of unknown characters into a single [UNK], and then the
    features no longer stand under their characters.
    """

    def __init__(self, folder: Path) -> None:
        """Read ``vocab.txt``, or else ``tokenizer.json``.

        Raises:
            HayakoeError: neither file exists, one cannot be read, or the special tokens are missing.
        """
        path = _file(folder)
        self._ids = _read(path)
        for token in ("[CLS]", "[SEP]", "[UNK]", "[PAD]"):
            if token not in self._ids:
                raise HayakoeError(f"{path}: has no {token}: fetch the tokenizer again")
        self.pad = self._ids["[PAD]"]
        """Id that fills up the shorter texts of a batch."""

    def ids(self, text: str) -> list[int]:
        """Return [CLS], one id for each character of ``text`` (which NFKC leaves as it is), and [SEP]."""
        unknown = self._ids["[UNK]"]
        # A character of which NFKC makes several has no id.
        characters = (unicodedata.normalize("NFKC", character) for character in text)
        return [self._ids["[CLS]"], *(self._ids.get(each, unknown) for each in characters), self._ids["[SEP]"]]


def _file(folder: Path) -> Path:
    for path in (folder / "vocab.txt", folder / "tokenizer.json"):
        if path.is_file():
            return path
    raise HayakoeError(f"{folder}: has neither vocab.txt nor tokenizer.json: fetch the tokenizer again")


def _read(path: Path) -> dict[str, int]:
    """Return the ids by token: of a list of tokens, one on each line, or of a tokenizer's ``model.vocab``."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ValueError("too large")
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".txt":
            return {token: index for index, token in enumerate(text.split("\n")) if token}
        ids = json.loads(text)["model"]["vocab"]
        if not isinstance(ids, dict) or not all(map(_is_id, ids.values())):
            raise TypeError("no ids")
    except OSError as error:
        raise HayakoeError(f"{path}: cannot be read ({error.strerror}): change its permissions") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise HayakoeError(f"{path}: is no vocabulary: fetch the tokenizer again") from None
    return ids


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_ID
