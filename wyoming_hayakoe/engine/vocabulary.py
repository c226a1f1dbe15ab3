"""Characters to the ids that the BERT knows them by, one for each."""

import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from wyoming_hayakoe.errors import HayakoeError

_LARGEST = 64 << 20


class Vocabulary:
    """The character vocabulary of a published tokenizer.

    A tokenizer library is not used: the fast ones glue runs of unknown characters into a single [UNK], and then the
    features no longer stand under their characters.
    """

    def __init__(self, folder: Path) -> None:
        """Read ``vocab.txt``, or else ``tokenizer.json``.

        Raises:
            HayakoeError: neither is there, or the special tokens are not in it.
        """
        self._ids = _read(folder)
        for token in ("[CLS]", "[SEP]", "[UNK]", "[PAD]"):
            if token not in self._ids:
                raise HayakoeError(f"{folder}: has no {token}: fetch the tokenizer again")
        self.pad = self._ids["[PAD]"]
        """What fills up the shorter texts of a batch."""

    def ids(self, text: str) -> list[int]:
        """Return [CLS], one id for each character of ``text`` (which NFKC leaves as it is), and [SEP]."""
        unknown = self._ids["[UNK]"]
        # NFKC makes several characters of some: those have no id of their own.
        characters = (unicodedata.normalize("NFKC", character) for character in text)
        return [self._ids["[CLS]"], *(self._ids.get(each, unknown) for each in characters), self._ids["[SEP]"]]


def _read(folder: Path) -> Mapping[str, int]:
    lines, tokenizer = folder / "vocab.txt", folder / "tokenizer.json"
    path = lines if lines.exists() else tokenizer
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError("too large")
        text = path.read_text(encoding="utf-8")
        if path == lines:
            return {token: index for index, token in enumerate(text.split("\n")) if token}
        ids = json.loads(text)["model"]["vocab"]
        if not isinstance(ids, dict) or not all(isinstance(index, int) for index in ids.values()):
            raise TypeError("no ids")
    except FileNotFoundError:
        raise HayakoeError(f"{folder}: has neither vocab.txt nor tokenizer.json: fetch the tokenizer again") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise HayakoeError(f"{path}: is no vocabulary: fetch the tokenizer again") from None
    return ids
