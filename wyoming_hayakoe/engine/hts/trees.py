"""Decision trees of an .htsvoice file: from a full-context label to the number of a distribution.

Only trees that end are taken: every node but the root has one parent, which stands before it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from wyoming_hayakoe.engine.hts.header import DamagedError

# Mei's trees have 1,461 leaves and 900 questions in all, of up to 60 patterns. The engine reads words into buffers of
# 1,024 bytes.
_MOST = 20_000
_LONGEST_PATTERN = 200
_LONGEST_LINE = 1 << 16

_WORD = r'[^\s"{}\[\]]{1,200}'
_LEAF = r'"[^\s"{}\[\],]{0,200}_([0-9]{1,6})"'
_QUESTION = re.compile(rf"QS ({_WORD}) +\{{([^{{}}]*)\}}", re.ASCII)
_PATTERN = re.compile(r'"([^\s"\'{}\[\],]{1,200})"', re.ASCII)
_TREE = re.compile(r"\{\*\}\[([0-9]{1,2})\]", re.ASCII)
_LONE_LEAF = re.compile(_LEAF, re.ASCII)
_CHILD = rf"(?:(-[0-9]{{1,6}})|{_LEAF})"
_NODE = re.compile(rf"(0|-[0-9]{{1,6}}) +({_WORD}) +{_CHILD} +{_CHILD}", re.ASCII)


@dataclass(frozen=True)
class Question:
    """Patterns of which a label may match one."""

    patterns: Sequence[str]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"\A(?:{'|'.join(map(_expression, self.patterns))})", re.ASCII | re.DOTALL)

    def matches(self, label: str) -> bool:
        """Return whether ``label`` matches a pattern, in which ``*`` stands for any text and ``?`` for a character."""
        return self._pattern.match(label) is not None


@dataclass(frozen=True, slots=True)
class Node:
    """A question with the next node, or the leaf's number from 1, for "no" and "yes"."""

    question: str
    no: int
    yes: int


@dataclass(frozen=True, slots=True)
class DecisionTree:
    """A tree's nodes by their numbers, 0 and below; and its leaf where it has no node."""

    nodes: Mapping[int, Node]
    leaf: int = 0

    def leaf_of(self, label: str, questions: Mapping[str, Question]) -> int:
        """Return the number of a label's leaf, from 1."""
        if not self.nodes:
            return self.leaf
        at = 0
        while at <= 0:
            node = self.nodes[at]
            at = node.yes if questions[node.question].matches(label) else node.no
        return at

    @property
    def leaves(self) -> list[int]:
        """The numbers of all leaves."""
        return [at for node in self.nodes.values() for at in (node.no, node.yes) if at > 0] or [self.leaf]


@dataclass(frozen=True, slots=True)
class Trees:
    """The trees of one part of a file, one for each state."""

    questions: Mapping[str, Question]
    trees: Sequence[DecisionTree]


def parse_trees(data: bytes) -> Trees:
    """Return the trees in a part of a file.

    Raises:
        DamagedError: a line is none that belongs there, or a tree has no end.
    """
    try:
        lines = [line.strip() for line in data.decode("ascii").split("\n")]
    except UnicodeDecodeError:
        raise _damaged("are no text") from None
    lines = [line for line in lines if line]
    questions = _questions([line for line in lines if line.startswith("QS ")])
    rest: Sequence[str] = [line for line in lines if not line.startswith("QS ")]
    trees: list[DecisionTree] = []
    while rest:
        tree, rest = _next_tree(rest, len(trees) + 2, questions)
        trees.append(tree)
    return Trees(questions, trees)


def _questions(lines: Sequence[str]) -> dict[str, Question]:
    questions: dict[str, Question] = {}
    for line in lines:
        match = _QUESTION.fullmatch(line) if len(line) < _LONGEST_LINE else None
        if match is None or match[1] in questions or len(questions) == _MOST:
            raise _damaged(f"have the line {line[:60]!r}")
        patterns = [_PATTERN.fullmatch(part.strip()) for part in match[2].split(",")]
        questions[match[1]] = Question([each[1] for each in patterns if each])
        if not all(patterns):
            raise _damaged(f"have the line {line[:60]!r}")
    return questions


def _next_tree(
    lines: Sequence[str], state: int, questions: Mapping[str, Question]
) -> tuple[DecisionTree, Sequence[str]]:
    """Return the tree with which ``lines`` begin, of the state of that number, and the lines after it."""
    head = _TREE.fullmatch(lines[0])
    if head is None or int(head[1]) != state or len(lines) < 2:
        raise _damaged(f"have the line {lines[0][:60]!r}")
    if leaf := _LONE_LEAF.fullmatch(lines[1]):
        return DecisionTree({}, int(leaf[1])), lines[2:]
    try:
        end = lines.index("}")
    except ValueError:
        raise _damaged("have no end") from None
    if lines[1] != "{":
        raise _damaged(f"have the line {lines[1][:60]!r}")
    return DecisionTree(_nodes(lines[2:end], questions)), lines[end + 1 :]


def _nodes(lines: Sequence[str], questions: Mapping[str, Question]) -> dict[int, Node]:
    nodes: dict[int, Node] = {}
    expected = {0}
    for line in lines:
        match = _NODE.fullmatch(line) if len(line) < _LONGEST_LINE else None
        if match is None or match[2] not in questions or int(match[1]) not in expected:
            raise _damaged(f"have the line {line[:60]!r}")
        node = Node(match[2], int(match[3] or match[4]), int(match[5] or match[6]))
        expected.remove(int(match[1]))
        nodes[int(match[1])] = node
        children = [at for at in (node.no, node.yes) if at <= 0]
        if any(at in nodes or at in expected for at in children) or len(set(children)) < len(children):
            raise _damaged(f"come back to a node: {line[:60]!r}")
        expected.update(children)
    if expected or not nodes:
        raise _damaged("lack a node")
    return nodes


def _expression(pattern: str) -> str:
    """Return a pattern as an expression that is tried in a time linear in the label's length.

    What stands between two ``*`` is searched from the left and kept (an atomic group), which suffices.
    """
    first, *others = (re.escape(piece).replace(r"\?", ".") for piece in pattern.split("*"))
    if not others:
        return rf"{first}\Z"
    inner = "".join(f"(?>.*?{piece})" for piece in others[:-1])
    return rf"{first}{inner}.*{others[-1]}\Z"


def _damaged(what: str) -> DamagedError:
    return DamagedError(f"is no .htsvoice file that can be used (its trees {what}): fetch the voice again")
