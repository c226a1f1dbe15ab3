"""The files of a Piper voice: NAME.onnx with NAME.onnx.json, or a folder with a graph and its configuration."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from wyoming_hayakoe.disk import read_start
from wyoming_hayakoe.engine.about import About, brief, read_about
from wyoming_hayakoe.engine.piper.config import PiperConfig, read_piper_config
from wyoming_hayakoe.errors import HayakoeError

_LARGEST_CARD = 16 << 10
_FIELD = re.compile(r"^[ \t]*[*-][ \t]*(URL|Licen[cs]e)[ \t]*:(.+)$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PiperFiles:
    """A voice's files; the small ones are read, the graph is not."""

    model: Path
    """The graph."""

    config: PiperConfig
    about: About


def read_piper(place: Path) -> PiperFiles:
    """Read a graph's configuration, or that of a folder with one graph.

    Args:
        place: NAME.onnx beside NAME.onnx.json or config.json, or a folder with model.onnx, or with one graph.

    Raises:
        HayakoeError: a file is missing or damaged, or the voice is not a Japanese one.
    """
    model = _model_in(place) if place.is_dir() else place
    config = read_piper_config(_config_of(model))
    return PiperFiles(model, config, _about(model, config))


def _model_in(folder: Path) -> Path:
    """Return the graph of that name, else the only one."""
    graphs = sorted(folder.glob("*.onnx"))
    named = [path for path in graphs if path.name == "model.onnx"]
    match named or graphs:
        case [model]:
            return model
        case []:
            return folder / "model.onnx"
    names = brief(", ".join(path.name for path in graphs[:9]))
    raise HayakoeError(f"{folder}: holds several graphs ({names}): leave one, or name one of them")


def _config_of(model: Path) -> Path:
    """Return the configuration of a graph: NAME.onnx.json, else config.json, else the only one that is beside it."""
    own = model.with_name(f"{model.name}.json")
    usual = model.with_name("config.json")
    others = sorted(model.parent.glob("*.onnx.json")) if _is_alone(model) else []
    return next((path for path in (own, usual) if path.exists()), others[0] if len(others) == 1 else own)


def _is_alone(model: Path) -> bool:
    return len(list(model.parent.glob("*.onnx"))) < 2


def _about(model: Path, config: PiperConfig) -> About:
    """Return what the configuration and the notes beside the graph say; notes beside several graphs are of none."""
    about = About(description=brief(config.description))
    if not _is_alone(model):
        return about
    card = dict(reversed(_card(model.with_name("MODEL_CARD"))))
    url = card.get("url", "")
    licence = card.get("license") or read_about(model.parent).licence
    return replace(about, url=url if url.startswith(("http://", "https://")) else "", licence=licence)


def _card(path: Path) -> list[tuple[str, str]]:
    """Return page and licence in a model card, as Piper's voices have one: lines such as ``* License: CC0``."""
    try:
        text = read_start(path, _LARGEST_CARD).decode("utf-8", "replace")
    except OSError:
        return []
    return [(name.lower().replace("licence", "license"), brief(value)) for name, value in _FIELD.findall(text)]
