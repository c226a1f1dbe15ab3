"""Conversion of a checkpoint to the files of a voice. PyTorch is imported only to convert one."""

import hashlib
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from wyoming_hayakoe.disk import one_line_errors
from wyoming_hayakoe.engine.jp_extra.config import read_config, read_style_vectors
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.extras import install_command
from wyoming_hayakoe.sources.source import Progress, Transfer

CONFIG = "config.json"
STYLES = "style_vectors.npy"
SYNTHESIZER = "synthesizer.onnx"
PREDICTOR = "duration_predictor.onnx"
GRAPHS = (SYNTHESIZER, PREDICTOR)

# How the readers of the engine end their lines.
_FETCH = "fetch the voice again"
_ANOTHER = "name another folder"
# Version of the export: increase it whenever the same checkpoint gives another graph.
_FORMAT = 1


def convert(checkpoint: Path, out: Path, progress: Progress | None = None) -> None:
    """Write a speaker's files into ``out``: config.json, style_vectors.npy and both graphs. Other files in it stay.

    Args:
        checkpoint: a ``.safetensors`` file with config.json and style_vectors.npy beside it.
        out: the folder; created if missing. Each file appears complete, and none before all are made.
        progress: called at each step.

    Raises:
        HayakoeError: it is no checkpoint of a JP-Extra voice, PyTorch is not installed, or the disk gives an error.
    """
    home = checkpoint.parent
    check_checkpoint(checkpoint)
    with one_line_errors(out, _ANOTHER):
        out.mkdir(parents=True, exist_ok=True)
        with _scratch(out) as scratch:
            _write_graphs(checkpoint, scratch, progress)
            for name in (CONFIG, STYLES):
                shutil.copyfile(home / name, scratch / name)
            for path in scratch.iterdir():
                path.replace(out / path.name)


def cached_graphs(checkpoint: Path, data: Path, progress: Progress | None = None) -> Path:
    """Return the folder with both graphs of a checkpoint; exported at the first call.

    It is ``onnx/HASH`` beside the checkpoint, or ``exports/HASH`` in the data directory where that cannot be written.

    Raises:
        HayakoeError: as :func:`convert`.
    """
    check_checkpoint(checkpoint)
    beside, fallback = _places(checkpoint, data)
    for kept in (beside, fallback):
        if _is_complete(kept):
            return kept
    kept = beside if _takes_files(beside.parent) else fallback
    with one_line_errors(kept.parent, "make room, or choose another --data-dir"):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with _scratch(kept.parent) as scratch:
            made = scratch / "made"
            made.mkdir()
            _write_graphs(checkpoint, made, progress)
            if kept.exists():
                shutil.rmtree(kept)
            made.replace(kept)
    return kept


def is_cached(checkpoint: Path, data: Path) -> bool:
    """Return whether the graphs of a checkpoint are exported already, so that :func:`cached_graphs` only finds them."""
    return any(_is_complete(kept) for kept in _places(checkpoint, data))


def _places(checkpoint: Path, data: Path) -> tuple[Path, Path]:
    key = _key(checkpoint)
    return checkpoint.parent / "onnx" / key, data / "exports" / key


def _is_complete(kept: Path) -> bool:
    return all((kept / name).is_file() for name in GRAPHS)


def _takes_files(shelf: Path) -> bool:
    try:
        shelf.mkdir(exist_ok=True)
        with _scratch(shelf):
            return True
    except OSError:
        return False


@contextmanager
def for_trainers() -> Iterator[None]:
    """Say of a damaged file what a trainer can do; the engine's readers speak to those who fetched a voice."""
    try:
        yield
    except HayakoeError as error:
        if _FETCH not in str(error):
            raise
        raise HayakoeError(str(error).replace(_FETCH, "copy it from the training again")) from error


def check_checkpoint(checkpoint: Path) -> None:
    """Check a checkpoint and the files beside it, as far as that needs no PyTorch.

    Raises:
        HayakoeError: it is not the checkpoint of a JP-Extra voice.
    """
    if checkpoint.suffix != ".safetensors":
        raise HayakoeError(
            f"{checkpoint}: not a .safetensors file: other checkpoints can run code when they are read; "
            "name the .safetensors that Style-Bert-VITS2 saves beside it"
        )
    if not checkpoint.is_file():
        raise HayakoeError(f"{checkpoint}: there is no such file: check the path")
    with for_trainers():
        read_style_vectors(checkpoint.with_name(STYLES), read_config(checkpoint.with_name(CONFIG)))


@contextmanager
def pytorch() -> Iterator[None]:
    """Raise a missing PyTorch as a HayakoeError that says how to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"torch", "safetensors"}:
            raise
        raise HayakoeError(
            f"checkpoints are read with PyTorch, but {error.name} is not installed: {install_command('publish')}"
        ) from None


def _write_graphs(checkpoint: Path, folder: Path, progress: Progress | None) -> None:
    def step(number: int, name: str) -> None:
        if progress is not None:
            progress(Transfer(f"{checkpoint.name}: {name}", number, 4, "exporting", "steps"))

    with pytorch(), warnings.catch_warnings():
        # Tracing warns of sizes that become constants of the graph. Sizes that vary are named inputs' axes.
        warnings.simplefilter("ignore")
        if missing := next((name for name in ("torch", "safetensors") if find_spec(name) is None), None):
            raise ModuleNotFoundError(name=missing)
        step(0, "PyTorch and the weights")
        from wyoming_hayakoe.engine.pytorch.network.checkpoint import load_checkpoint
        from wyoming_hayakoe.publish.onnx_export import export_duration_predictor, export_synthesizer, tidy

        network = load_checkpoint(checkpoint, checkpoint.parent / CONFIG)
        network.fold_weight_norm()
        step(1, SYNTHESIZER)
        export_synthesizer(network, folder / SYNTHESIZER)
        step(2, PREDICTOR)
        export_duration_predictor(network, folder / PREDICTOR)
        step(3, "constants")
        for name in GRAPHS:
            tidy(folder / name)
        step(4, "graphs")


def _key(checkpoint: Path) -> str:
    """Return a hash of the weights, the configuration and the version of the export."""
    digest = hashlib.sha256(str(_FORMAT).encode())
    with one_line_errors(checkpoint, "copy it from the training again"):
        for path in (checkpoint, checkpoint.parent / CONFIG):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder on the same disk as ``folder``; it is removed with its content."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as scratch:
        yield Path(scratch)
