"""Files that nobody in his right mind puts into the data folder of a server that runs."""

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from wyoming_hayakoe.paths import voices_dir, words_file

_VOICE = Path(__file__).parents[1] / "data" / "tiny-repo" / "onnx" / "speakers" / "rand-jp"
_GOOD_ROWS = "".join(f"単語{number},タンゴ,1\n" for number in range(200)).encode()
WORDS: tuple[bytes, ...] = (
    _GOOD_ROWS,
    b"\xff\xfe\x00" * 1000,
    "十,トー,1\n".encode() + b"bad row\n" * 2000,
    b'"' * 5000,
    b"a," * 50_000,
    _GOOD_ROWS + "語,カ゚カ゚,99999999999999999999\n語\x00,カ,0\n".encode(),
    b"",
)


def _unpublished(folder: Path, **config: object) -> Path:
    """Make a copy of the test voice whose configuration is changed."""
    shutil.copytree(_VOICE, folder)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | config), encoding="utf-8")
    return folder


def _deep_config(folder: Path) -> None:
    (_unpublished(folder) / "config.json").write_bytes(b"[" * 5000)


def _long_integer(folder: Path) -> None:
    (_unpublished(folder) / "config.json").write_bytes(b'{"data": {"sampling_rate": ' + b"9" * 5000 + b"}}")


def _many_styles(folder: Path) -> None:
    _unpublished(folder, data={"sampling_rate": 44100, "style2id": {f"s{n}": n for n in range(40_000)}})


def _broken_graph(folder: Path) -> None:
    (_unpublished(folder) / "synthesizer.onnx").write_bytes(b"\x08\x07" + b"\xff" * 5000)


def _fifo(folder: Path) -> None:
    _unpublished(folder)
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")


def _many_files(folder: Path) -> None:
    folder.mkdir()
    for number in range(10_001):
        (folder / str(number)).touch()


def _diamonds(folder: Path) -> None:
    """Make a folder with 2^26 paths through symbolic links."""
    folder.mkdir()
    for number in range(26):
        (folder / str(number)).mkdir()
        for name in ("a", "b"):
            (folder / str(number) / name).symlink_to(f"../{number + 1}")


FOLDERS: dict[str, Callable[[Path], object]] = {
    # As Windows writes Japanese names into zip files.
    os.fsdecode("声の家".encode("cp932")): _unpublished,
    "deep": _deep_config,
    "long": _long_integer,
    "styles": _many_styles,
    "broken": _broken_graph,
    "fifo": _fifo,
    "files": _many_files,
    "diamonds": _diamonds,
}


def prepare(data_dir: Path) -> None:
    """Make all folders beside the folder of voices, so that each can be moved there at once."""
    voices_dir(data_dir).mkdir(parents=True, exist_ok=True)
    (data_dir / "hostile").mkdir()
    for name, make in FOLDERS.items():
        make(data_dir / "hostile" / name)


def swap_folders(data_dir: Path, turn: int) -> None:
    """Take the last folder out of the voices, and move the next one there."""
    last, fresh = (list(FOLDERS)[number % len(FOLDERS)] for number in (turn - 1, turn))
    with suppress(FileNotFoundError):
        (voices_dir(data_dir) / last).rename(data_dir / "hostile" / last)
    (data_dir / "hostile" / fresh).rename(voices_dir(data_dir) / fresh)


def add_voice(data_dir: Path, name: str) -> None:
    """Copy a good voice into the folder of voices."""
    shutil.copytree(_VOICE, voices_dir(data_dir) / name)


def write_words(data_dir: Path, turn: int) -> None:
    """Replace words.csv by the next one; after the last by a FIFO, which nobody writes to."""
    fresh = data_dir / "words.new"
    turn %= len(WORDS) + 1
    if turn < len(WORDS):
        fresh.write_bytes(WORDS[turn])
    else:
        os.mkfifo(fresh)
    fresh.replace(words_file(data_dir))
