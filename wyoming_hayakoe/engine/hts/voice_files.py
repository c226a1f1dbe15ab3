"""The files of an HTS voice: an .htsvoice file for each of its styles."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wyoming_hayakoe.engine.hts.header import read_header
from wyoming_hayakoe.errors import HayakoeError


@dataclass(frozen=True, slots=True)
class HTSFiles:
    """Where the files are, and what their headers say."""

    styles: Mapping[str, Path]
    """By style, the default first."""

    sample_rate: int


def read_hts(styles: Mapping[str, Path]) -> HTSFiles:
    """Read the headers of a voice's files, at most 64 KiB of each.

    Args:
        styles: the files by style, the default first; at least one.

    Raises:
        HayakoeError: a file cannot be read or is damaged, is of another language, or the sampling rates differ.
    """
    rates = {path: read_header(path).sample_rate for path in styles.values()}
    first, *others = rates
    for path in others:
        if rates[path] != rates[first]:
            raise HayakoeError(
                f"{path}: has {rates[path]} Hz, and {first.name} {rates[first]} Hz: styles of one voice have one rate; "
                "name the file of one of them"
            )
    return HTSFiles(styles, rates[first])
