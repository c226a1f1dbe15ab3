"""Why files are no voice that this program speaks, and what to do, by the paths of a source alone."""

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from pathlib import PurePosixPath

from wyoming_hayakoe.sources.hts_layouts import ENDING
from wyoming_hayakoe.sources.inventory import MODEL_ENDINGS, NO_GRAPH, TAKES, Found, voices_in
from wyoming_hayakoe.sources.kokoro_layouts import lacks_graph
from wyoming_hayakoe.sources.piper_layouts import lacking

_MOST_LINES = 20

_MODELS = (".onnx", ".onnx.json", ".aivmx", ENDING, *MODEL_ENDINGS)

# Of a HayaKoe repository: what all its voices share.
_SHARED = ("onnx/bert/", "pytorch/bert/", "bert/")


def lines_of(left_out: Mapping[str, str]) -> list[str]:
    """Return one line for people for each path that is left out, up to 20."""
    lines = [f"{name} is left out: {reason}" for name, reason in islice(left_out.items(), _MOST_LINES)]
    more = len(left_out) - len(lines)
    return [*lines, f"{more} further folders and files are left out"] if more else lines


def left_out(paths: Sequence[str]) -> dict[str, str]:
    """Return why each folder or file with a model is no voice, by its path; ``.`` is the source itself."""
    found = voices_in(paths)
    reasons = dict(lacking(paths))
    places = {place for voice in found for place in places_of(voice)}
    speakers = {f"pytorch/speakers/{voice.name}" for voice in found if voice.kind == "repository"}
    for folder, below in _with_models([path for path in paths if not path.startswith(_SHARED)]).items():
        rest = [path for path in below if path not in reasons and path.removesuffix(".json") not in reasons]
        models = [path for path in rest if path.endswith(_MODELS) and path not in places]
        if models and folder not in places | speakers:
            reasons[models[0] if len(models) == 1 else folder] = reason_of(rest)
    return reasons


def places_of(voice: Found) -> Collection[str]:
    """Return the folders and files of a voice."""
    if voice.files:
        return set(voice.files.values())
    folder = PurePosixPath(voice.prefix)
    return {str(folder), *(str(folder / name) for name in ("onnx", "voices") if voice.kind == "kokoro")}


def reason_of(paths: Sequence[str]) -> str:
    """Return why the files of a folder are no voice, and what to do."""
    names = {path.rpartition("/")[2] for path in paths}
    graphs = sorted(name for name in names if name.endswith(".onnx"))
    if any(name.endswith(MODEL_ENDINGS) for name in names) and not graphs:
        return "it is a voice for PyTorch only: wyoming-hayakoe export makes an ONNX one of it"
    if lacks_graph(paths):
        return f"it {NO_GRAPH}"
    halves = lacking(paths)
    wanted = [name for name in ("config.json", "style_vectors.npy") if name not in names]
    wanted += [] if graphs else ["*.onnx"]
    if halves:
        reason = halves[min(halves)]
    elif graphs and len(wanted) == 2:
        reason = f"it has no {graphs[0]}.json, or {_no(wanted)}"
    elif graphs and wanted == ["style_vectors.npy"]:
        reason = f"it has several graphs or a checkpoint, but {_no(wanted)}"
    elif 0 < len(wanted) < 3:
        reason = f"it has {_no(wanted)}"
    else:
        what = "no voice that this program speaks" if names else "an empty folder"
        reason = f"it is {what}: copy {TAKES}, or remove it"
    return reason


def _no(names: Sequence[str]) -> str:
    return f"no {' and no '.join(names)}: copy the whole folder of the voice"


def _with_models(paths: Sequence[str]) -> Mapping[str, list[str]]:
    """Return the paths by their folders, of those folders that have a model."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(str(PurePosixPath(path).parent), []).append(path)
    return {folder: below for folder, below in folders.items() if any(path.endswith(_MODELS) for path in below)}
