"""A picture for each voice: its sound as bars on a colour of its own, since VOICEVOX's clients show a portrait."""

import struct
import zlib
from functools import lru_cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

_BARS = 9
_WHITE = (255.0, 255.0, 255.0)


@lru_cache(maxsize=256)
def picture(name: str, size: int) -> bytes:
    """Return a PNG of ``size`` × ``size`` pixels, always the same for a name."""
    digest = blake2b(name.encode("utf-8", "replace"), digest_size=2 + _BARS).digest()
    pixels = _background(hue=int.from_bytes(digest[:2], "big") / 65536, size=size)
    width = size / (2 * _BARS + 3)
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32) + 0.5
    for number, byte in enumerate(digest[2:]):
        # Louder in the middle, as a sentence is.
        swell = np.sin(np.pi * (number + 1) / (_BARS + 1))
        half = size * (0.06 + 0.28 * swell * (0.35 + 0.65 * byte / 255))
        centre = width * (2 * number + 2.5)
        beyond = np.maximum(np.abs(rows - size / 2) - half, 0.0)
        cover = np.clip(width / 2 - np.hypot(columns - centre, beyond) + 0.5, 0.0, 1.0)[..., None]
        pixels = pixels * (1.0 - cover) + np.array(_WHITE, dtype=np.float32) * cover
    return _png(pixels.round().astype(np.uint8))


def _background(hue: float, size: int) -> npt.NDArray[np.float32]:
    """Return a colour that darkens towards the lower edge [size, size, 3]."""
    angles = 2 * np.pi * (hue + np.array([0.0, 1 / 3, 2 / 3]))
    colour = 118.0 + 62.0 * np.cos(angles)
    shade = np.linspace(1.0, 0.72, size)[:, None, None]
    return np.broadcast_to(colour * shade, (size, size, 3)).astype(np.float32)


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return pixels [height, width, 3] as a PNG; its format is that of RFC 2083."""
    height, width, _ = pixels.shape
    # Each row begins with its filter: none.
    rows = np.concatenate([np.zeros((height, 1), dtype=np.uint8), pixels.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
