"""Arrays in NumPy's .npy format, which come from any source and may hold anything."""

import tokenize
from collections.abc import Callable
from io import BytesIO

import numpy as np
import numpy.typing as npt


def parse_floats(encoded: bytes, allows: Callable[[tuple[int, ...]], bool]) -> npt.NDArray[np.float32]:
    """Return the floating-point numbers of an .npy file in single precision.

    Args:
        encoded: the content of the file; the caller bounds its size.
        allows: whether an array may have a shape; asked before memory is allocated for the array.

    Raises:
        ValueError: the file holds no such array; one short line says why.
    """
    file = BytesIO(encoded)
    try:
        _check_header(file, allows)
        file.seek(0)
        array = np.lib.format.read_array(file, allow_pickle=False)
    # NumPy parses a header as Python source, which fails in as many ways.
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, tokenize.TokenError) as error:
        raise ValueError(str(error).partition("\n")[0][:80]) from None
    with np.errstate(over="ignore"):  # reported below
        numbers: npt.NDArray[np.float32] = array.astype(np.float32)
    if not np.isfinite(numbers).all():
        raise ValueError("it has values that are no numbers")
    return numbers


def _check_header(file: BytesIO, allows: Callable[[tuple[int, ...]], bool]) -> None:
    """Check the shape and the type in the header, before memory is allocated for the array."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, kind = np.lib.format.read_array_header_1_0(file)
    else:
        shape, _, kind = np.lib.format.read_array_header_2_0(file)
    if not allows(shape):
        raise ValueError(f"its shape is {shape}")
    if kind.kind != "f":
        raise ValueError(f"its values are {kind}")
