"""The heap of the process, as glibc reports it."""

import ctypes
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="the C library is not glibc")

HEAPS = """
import ctypes, sys, threading
from wyoming_hayakoe.engine.runtime.heap import use_one_heap
if sys.argv[1] == "one":
    use_one_heap()
barrier = threading.Barrier(5)
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
def work():
    libc.malloc(10_000)
    barrier.wait()
for _ in range(4):
    threading.Thread(target=work).start()
barrier.wait()
file = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


def heaps(wanted):
    ran = subprocess.run([sys.executable, "-c", HEAPS, wanted], capture_output=True, text=True, check=True)
    return ran.stdout.count("<heap nr=")


def test_threads_share_one_heap():
    assert heaps("one") == 1
    assert heaps("many") > 1
