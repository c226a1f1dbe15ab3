"""Runs the core of the test suite on each emulated board."""

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from script.arm64.boards import BOARDS, Board
from script.arm64.root import PYTHON, Root

CORE = ("tests/text", "tests/engine", "tests/server/wyoming/test_contract.py", "tests/server/test_neural_voice.py")
"""Tests of reading, of voices, and of a real server's answers."""

LEFT_OUT = ("tests/text/test_properties.py", "tests/engine/prepare/test_compiler.py")
"""Tests that take hours under emulation: thousands of random texts, dozens of processes."""

TIMED = ("takes_long", "load_quickly")
"""Words in the names of tests that measure time, which means nothing under emulation."""

_DEADLINE = 600


def check(root: Root, checkout: Path, tests: Sequence[str]) -> bool:
    """Run ``tests`` with the program that is installed in the root, and return whether all of them pass."""
    folder, facts = root.work / "suite", root.work / "shared"
    for old in (folder, facts):
        shutil.rmtree(old, ignore_errors=True)
    # Some tests look for their cases beside the checkout.
    if (checkout.parent / "shared").is_dir():
        shutil.copytree(checkout.parent / "shared", facts)
    shutil.copytree(checkout / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(checkout / "pyproject.toml", folder)
    options = ["-p", "no:cacheprovider", "--quiet", "--durations=10", *(f"--ignore={path}" for path in LEFT_OUT)]
    options += ["-k", " and ".join(f"not {name}" for name in TIMED)]
    start = f'cd /work/suite && HAYAKOE_TEST_DEADLINE={_DEADLINE} exec "$@"'
    inside = ["sh", "-c", start, "suite", PYTHON, "-m", "pytest", *options, *tests]

    def passes(board: Board) -> bool:
        with _log(folder, board).open("wb") as log:
            return root.run(inside, board, check=False, output=log) == 0

    # Each emulated board has one core.
    with ThreadPoolExecutor(len(BOARDS)) as side_by_side:
        results = []
        for board, passed in zip(BOARDS, side_by_side.map(passes, BOARDS), strict=True):
            print(f"-- {board.name} ({board.cpu})")
            print(_log(folder, board).read_text(encoding="utf-8", errors="replace"), flush=True)
            results.append(passed)
    return all(results)


def _log(folder: Path, board: Board) -> Path:
    return folder / f"{board.cpu}.log"
