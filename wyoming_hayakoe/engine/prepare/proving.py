"""The process that tries a graph: bounded in memory, ended with its parent, and used for nothing else.

:func:`main` calls a module's function with a model's path, and writes a line of JSON about what came of it.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from wyoming_hayakoe.engine.graphs.checks import UnsafeGraphError
from wyoming_hayakoe.engine.runtime.bounds import bound, end_with_parent
from wyoming_hayakoe.errors import HayakoeError

PASSED, REFUSED, FAILED, OUT_OF_MEMORY = "passed", "refused", "failed", "out of memory"
"""What came of it. What is refused now always will be; what failed may do so no more."""

# What ONNX Runtime, protocol buffers and C++ say where they get no memory, and what Python raises.
_NO_MEMORY_WORDS = ("bad_alloc", "bad allocation", "allocate memory", "alloc failed")
_NO_MEMORY_ERRORS = ("EncodeError", "MemoryError")


def main() -> None:
    """Try a graph and write the result; the command line is MODULE FUNCTION MODEL BYTES. This does not return."""
    module, name, model, memory = sys.argv[1:]
    end_with_parent()
    bound(int(memory))
    prove: Callable[[Path], None] = getattr(importlib.import_module(module), name)
    kind, reason = _tried(prove, Path(model))
    # A library may have written an unfinished line.
    sys.stdout.write("\n" + json.dumps({"kind": kind, "reason": reason}) + "\n")
    sys.stdout.flush()
    # Nothing is worth being closed, which takes a second with a large graph.
    os._exit(0)


def _tried(prove: Callable[[Path], None], model: Path) -> tuple[str, str]:
    try:
        prove(model)
    except Exception as error:  # noqa: BLE001 - whatever an odd graph brings about
        reason = str(error) if isinstance(error, HayakoeError) else f"cannot be used ({type(error).__name__})"
        if type(error).__name__ in _NO_MEMORY_ERRORS or any(words in str(error) for words in _NO_MEMORY_WORDS):
            return OUT_OF_MEMORY, ""
        return REFUSED if isinstance(error, UnsafeGraphError) else FAILED, reason.removeprefix(f"{model}: ")
    return PASSED, ""
