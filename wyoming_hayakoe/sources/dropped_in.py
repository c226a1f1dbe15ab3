"""Voices that were copied into a folder of this machine, and what lies there that is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.sources.inventory import MODEL_ENDINGS, Found, voices_in
from wyoming_hayakoe.sources.local import LocalSource
from wyoming_hayakoe.sources.source import AbsentError

# What file managers, version control and unfinished copies leave behind.
_IGNORED = (".", "~", "__MACOSX", "lost+found", "Thumbs.db", "desktop.ini")
_NOTES = (".md", ".txt", ".pdf", ".png", ".jpg", ".jpeg", ".webp", ".wav", ".mp3", "LICENSE")

_TAKES = "copy config.json, style_vectors.npy and *.onnx, or an .aivmx file"


@dataclass(frozen=True, slots=True)
class DroppedIn:
    """What a folder of voices holds."""

    voices: Mapping[str, str] = field(default_factory=dict)
    """The sources of its voices, by name; whether their files are what they should be shows when they are opened."""

    left_out: Mapping[str, str] = field(default_factory=dict)
    """Why each other folder or file in it is no voice, and what to do, by its path."""

    @property
    def lines(self) -> list[str]:
        """One line for people for each folder or file that is left out."""
        return [f"{name} is left out: {reason}" for name, reason in self.left_out.items()]


def dropped_into(folder: Path) -> DroppedIn:
    """Return what was copied into a folder; nothing where there is no such folder. No file is opened."""
    source = LocalSource(folder.absolute())
    try:
        paths = source.list()
        entries = sorted(path.name for path in folder.iterdir() if not path.name.startswith(_IGNORED))
    except AbsentError:
        return DroppedIn()
    except (HayakoeError, OSError) as error:
        return DroppedIn(left_out={str(folder): str(error)})
    found = voices_in(paths)
    voices: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for voice in found:
        if voice.name in voices:
            left_out[str(folder / voice.prefix)] = f"another voice here is called {voice.name}: rename one of them"
        elif voice.name:
            voices[voice.name] = f"{source.uri}#{quote(voice.name)}"
    for entry in entries:
        below = [path for path in paths if path == entry or path.startswith(f"{entry}/")]
        if not _holds_voice(entry, found) and not _is_note(entry, below):
            left_out[str(folder / entry)] = _reason(below)
    return DroppedIn(voices, left_out)


def _holds_voice(entry: str, found: Sequence[Found]) -> bool:
    # A voice whose files lie in the folder itself has the prefix "".
    return any(voice.prefix.split("/")[0] in {entry, ""} for voice in found)


def _is_note(entry: str, below: Sequence[str]) -> bool:
    return below == [entry] and entry.endswith(_NOTES)


def _reason(paths: Sequence[str]) -> str:
    """Return why these files are no voice, and what to do."""
    names = {path.rpartition("/")[2] for path in paths}
    if not names:
        return f"it is an empty folder: {_TAKES}, or remove it"
    if any(name.endswith(MODEL_ENDINGS) for name in names) and not any(name.endswith(".onnx") for name in names):
        return "it is a voice for PyTorch only: `wyoming-hayakoe export` makes an ONNX one of it"
    wanted = ("config.json", "style_vectors.npy", "*.onnx")
    lacking = [name for name in wanted if not any(each == name or each.endswith(name.lstrip("*")) for each in names)]
    if len(lacking) < len(wanted) and lacking:
        return f"it has no {' and no '.join(lacking)}: copy the whole folder of the voice"
    return f"it is no voice that this program speaks: {_TAKES}, or remove it"
