"""A file that is mapped into memory: give back the pages that its reader looked at once and needs no more."""

import ctypes
import mmap
from contextlib import suppress
from pathlib import Path


def release(name: str) -> None:
    """Give back the pages of the mapped files called ``name``, and read no more than what is asked for afterwards.

    Only for files that are mapped to be read: what was written to such pages would be lost. Where the system has
    no such call or no list of mappings, nothing happens.
    """
    with suppress(OSError, AttributeError):
        advise = ctypes.CDLL(None).madvise
        for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
            fields = line.split(maxsplit=5)
            if len(fields) == 6 and fields[5].endswith(f"/{name}") and fields[1].startswith("r--"):
                start, end = (int(bound, 16) for bound in fields[0].split("-"))
                for advice in (mmap.MADV_RANDOM, mmap.MADV_DONTNEED):
                    advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), advice)
