"""Leaves out of a text, as it arrives, what is not for the ear: a model's thoughts, and code between fences.

Both may be far longer than a sentence, so they are left out before the text is cut into sentences. What is marked but
never ends is left out to the end of the text.
"""

import re
from typing import Literal

Code = Literal["announce", "silent", "read"]
"""What is spoken for a block of code: that it is left out, nothing, or the code itself."""

CODE_LEFT_OUT = "\nコード省略。\n"

_TAGS = ("think", "thinking", "thought", "thoughts", "reasoning", "reflection", "scratchpad", "seed:think", "tool_call")
_NAMES = "|".join(_TAGS)
# The kinds of marks around thoughts: <think> of most models, ◁think▷ of Kimi, [THINK] of Magistral, <|…|> of others.
_THOUGHT = re.compile(
    rf"(?i)<(?P<tag>{_NAMES})(?:[ \t][^<>\n]{{0,80}})?>"
    r"|◁(?P<triangle>think)▷"
    r"|\[(?P<bracket>THINK)\]"
    r"|<\|begin_of_(?P<pipe>thought)\|>"
    r"|<\|channel\|>(?P<channel>analysis|commentary)"
)
# The end of thoughts whose beginning was not sent, and what else such models write around their answer.
_STRAY = re.compile(
    rf"(?i)</(?:{_NAMES})>|◁/think▷|\[/THINK\]|<\|(?:begin|end)_of_(?:thought|solution)\|>"
    r"|<\|start\|>(?:assistant)?|<\|channel\|>(?:final)?|<\|(?:end|return|message|im_start|im_end|eot_id)\|>"
)
# A mark that the next chunk may complete.
_MAY_GO_ON = re.compile(r"<\|(?:start|channel)\|>[A-Za-z]{0,10}\Z")
_MAY_BE_MARK = re.compile(r"(?:<(?:[|/A-Za-z][^<>\n]{0,99})?|◁[^▷\n]{0,10}|\[/?[A-Za-z]{0,6})\Z")
_ENDS = {tag: re.compile(f"(?i)</{tag}>") for tag in _TAGS} | {
    "triangle": re.compile("(?i)◁/think▷"),
    "bracket": re.compile(r"(?i)\[/THINK\]"),
    "pipe": re.compile(r"(?i)<\|end_of_thought\|>"),
    "channel": re.compile(r"<\|end\|>|<\|channel\|>final<\|message\|>|<\|return\|>"),
}
_LONGEST_CLOSER = 40
_FENCE = re.compile(r"[ \t]{0,12}(?P<marks>`{3,100}|~{3,100})[^`\n]{0,200}\n")
_FENCE_END = re.compile(r"[ \t]{0,12}(?P<marks>`{3,100}|~{3,100})[ \t]{0,99}\n?")
_MAY_BE_FENCE = re.compile(r"[ \t]{0,12}(?:`{0,2}|~{0,2}|(?:`{3,100}|~{3,100})[^`\n]{0,200})\Z")
_LONGEST_FENCE = 320
_CANDIDATE = re.compile(r"[<◁\[\n]")


class AudibleText:
    """Passes on what of a text is to be spoken; how it is cut into chunks changes nothing."""

    def __init__(self, code: Code = "announce") -> None:
        self._code = code
        self._pending = ""
        self._is_at_line_start = True
        self._thought_end: re.Pattern[str] | None = None
        """The end of the thoughts that are being left out; None outside of them."""
        self._fence = ""
        """The marks before the code that is being left out or read; '' outside of it."""
        self._is_announced = False

    def take(self, chunk: str) -> str:
        """Return the text that is certain once ``chunk`` has arrived."""
        return self._drain(self._pending + chunk, at_end=False)

    def rest(self) -> str:
        """Return what is left at the end of the text."""
        return self._drain(self._pending, at_end=True)

    def _drain(self, text: str, *, at_end: bool) -> str:
        """Return what is spoken of ``text``, and keep what is not certain. Looks at each character once."""
        spoken: list[str] = []
        position = 0
        while position < len(text):
            if self._thought_end is not None:
                step = self._in_thought(text, position, self._thought_end)
            elif self._fence:
                step = self._in_code(text, position, at_end=at_end)
            else:
                step = self._outside(text, position, at_end=at_end)
            if step is None:
                break
            spoken.append(step[0])
            position = step[1]
        self._pending = "" if at_end else text[position:]
        return "".join(spoken)

    def _outside(self, text: str, position: int, *, at_end: bool) -> tuple[str, int] | None:
        """Return what is spoken next, and where that ends; None if it depends on more text."""
        if not at_end and self._may_go_on(text, position):
            return None
        if self._is_at_line_start and (fence := _FENCE.match(text, position)):
            self._fence = fence["marks"]
            self._is_announced = False
            return "", fence.end()
        if found := _THOUGHT.match(text, position):
            self._thought_end = _ENDS[(found["tag"] or found.lastgroup or "").lower()]
            return "", found.end()
        if found := _STRAY.match(text, position):
            return "", found.end()
        self._is_at_line_start = text[position] == "\n"
        candidate = None if self._is_at_line_start else _CANDIDATE.search(text, position + 1)
        end = position + 1 if self._is_at_line_start else candidate.start() if candidate else len(text)
        return text[position:end], end

    def _may_go_on(self, text: str, position: int) -> bool:
        """Whether the next chunk may complete a mark or the first line of code that begins here."""
        at_line_start = self._is_at_line_start and _MAY_BE_FENCE.match(text, position)
        return bool(at_line_start or _MAY_GO_ON.match(text, position) or _MAY_BE_MARK.match(text, position))

    def _in_thought(self, text: str, position: int, closer: re.Pattern[str]) -> tuple[str, int] | None:
        if found := closer.search(text, position):
            self._thought_end = None
            return "", found.end()
        behind = len(text) - _LONGEST_CLOSER
        return ("", behind) if behind > position else None

    def _in_code(self, text: str, position: int, *, at_end: bool) -> tuple[str, int] | None:
        newline = text.find("\n", position)
        end = newline + 1 or len(text)
        is_whole = newline >= 0 or at_end
        if self._is_at_line_start:
            if not is_whole and end - position < _LONGEST_FENCE:
                return None
            if (found := _FENCE_END.fullmatch(text, position, end)) and found["marks"].startswith(self._fence):
                self._fence = ""
                return "", end
        self._is_at_line_start = newline >= 0
        line = text[position:end]
        if self._code == "announce" and not self._is_announced and not line.isspace():
            self._is_announced = True
            return CODE_LEFT_OUT, end
        return line if self._code == "read" else "", end


def audible(text: str, code: Code = "announce") -> str:
    """Return what of a whole text is to be spoken.

    >>> audible("<think>天気は…</think>晴れです。")
    '晴れです。'
    """
    hearing = AudibleText(code)
    return hearing.take(text) + hearing.rest()
