"""WordList: a hundred thousand words in the memory of their text."""

from collections.abc import Collection, Iterator


class WordList(Collection[str]):
    """Words that are looked up in their sorted text: as a set they would take ten times the memory."""

    def __init__(self, text: bytes) -> None:
        """Keep ``text``: words in UTF-8, one a line, sorted by their bytes."""
        self._text = text

    def __contains__(self, word: object) -> bool:
        """Return whether a word is in the list."""
        if not isinstance(word, str) or not word:
            return False
        wanted = word.encode("utf-8", "surrogatepass")
        low, high = 0, len(self._text)
        while low < high:
            start = self._text.rfind(b"\n", low, (low + high) // 2) + 1 or low
            end = self._text.find(b"\n", start)
            line = self._text[start : end if end >= 0 else len(self._text)]
            if line == wanted:
                return True
            if line < wanted:
                low = start + len(line) + 1
            else:
                high = start
        return False

    def __iter__(self) -> Iterator[str]:
        """Yield the words in their order."""
        return iter(self._text.decode().splitlines())

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self._text.splitlines())
