"""Keeps what C code prints out of the log.

Open JTalk, the HTS engine and ONNX Runtime write warnings to file descriptor 2 from whatever thread they run in, and
some of them hold the text that is spoken. So descriptor 2 leads nowhere from the start of the program on, and Python's
``sys.stderr``, with the log, has a descriptor of its own. A child process inherits descriptor 2: one whose errors are
to be seen is started with ``stderr=sys.__stderr__``.

Only the command line does this; a program that imports the library keeps its descriptors.
"""

import faulthandler
import os
import sys


def discard() -> None:
    """Send what C code writes to descriptor 2 nowhere, as long as the program runs or until :func:`show`."""
    stream = sys.__stderr__
    if stream is None or stream is not sys.stderr or stream.fileno() != 2:
        return  # the streams are somebody else's, or this was done already
    stream.flush()
    sys.stderr = open(  # noqa: SIM115  as long as the program runs
        os.dup(2), "w", buffering=1, encoding=stream.encoding, errors=stream.errors, closefd=False
    )
    setattr(sys, "__stderr__", sys.stderr)  # noqa: B010  child processes get it; to type checkers it is final
    if faulthandler.is_enabled():  # PYTHONFAULTHANDLER: it keeps the descriptor that it was given
        faulthandler.enable(sys.stderr)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def show() -> None:
    """Send it to standard error again: ``--debug`` may also stand in the configuration file."""
    if sys.__stderr__ is not None:
        os.dup2(sys.__stderr__.fileno(), 2)
