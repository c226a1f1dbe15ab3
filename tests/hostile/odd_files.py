"""What a file may be instead of a regular one, and what refusing it may cost."""

import os
import resource
import socket
import time

import pytest

from wyoming_hayakoe.errors import HayakoeError

KINDS = ("pipe", "folder", "loop", "socket", "device", "dangling")


def make_odd(path, kind):
    """Put something in the place of a file."""
    path.unlink(missing_ok=True)
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
        case "device":
            path.symlink_to("/dev/zero")
        case "dangling":
            path.symlink_to("nowhere")


def refused(read):
    """Return the line that refuses a file, read in less than a second of computing and 64 MiB more memory."""
    start, peak = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(HayakoeError) as caught:
        read()
    assert time.process_time() - start < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 64 << 10
    line = str(caught.value)
    assert line.isprintable()
    assert len(line) < 1000
    return line
