"""Conversion of a checkpoint to the files of a voice. PyTorch is imported only to convert one."""

import hashlib
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wyoming_hayakoe.disk import one_line_errors
from wyoming_hayakoe.engine.jp_extra.config import read_config, read_style_vectors
from wyoming_hayakoe.errors import HayakoeError

CONFIG = "config.json"
STYLES = "style_vectors.npy"
SYNTHESIZER = "synthesizer.onnx"
PREDICTOR = "duration_predictor.onnx"
GRAPHS = (SYNTHESIZER, PREDICTOR)

_ANOTHER = "name another folder"
# Version of the export: increase it whenever the same checkpoint gives another graph.
_FORMAT = 1


def convert(checkpoint: Path, out: Path) -> None:
    """Write a speaker's files into ``out``: config.json, style_vectors.npy and both graphs. Other files in it stay.

    Args:
        checkpoint: a ``.safetensors`` file with config.json and style_vectors.npy beside it.
        out: the folder; created if missing. Each file appears complete, and none before all are made.

    Raises:
        HayakoeError: it is no checkpoint of a JP-Extra voice, PyTorch is not installed, or the disk gives an error.
    """
    home = checkpoint.parent
    check_checkpoint(checkpoint)
    with one_line_errors(out, _ANOTHER):
        out.mkdir(parents=True, exist_ok=True)
        with _scratch(out) as scratch:
            _write_graphs(checkpoint, scratch)
            for name in (CONFIG, STYLES):
                shutil.copyfile(home / name, scratch / name)
            for path in scratch.iterdir():
                path.replace(out / path.name)


def cached_graphs(checkpoint: Path) -> Path:
    """Return the folder with both graphs of a checkpoint, ``onnx/HASH`` beside it; exported at the first call.

    Raises:
        HayakoeError: as :func:`convert`.
    """
    check_checkpoint(checkpoint)
    shelf = checkpoint.parent / "onnx"
    kept = shelf / _key(checkpoint)
    if all((kept / name).is_file() for name in GRAPHS):
        return kept
    with one_line_errors(shelf, "make the folder writable"):
        shelf.mkdir(exist_ok=True)
        with _scratch(shelf) as scratch:
            made = scratch / "made"
            made.mkdir()
            _write_graphs(checkpoint, made)
            if kept.exists():
                shutil.rmtree(kept)
            made.replace(kept)
    return kept


def is_cached(checkpoint: Path) -> bool:
    """Return whether the graphs of a checkpoint are exported already, so that :func:`cached_graphs` only finds them."""
    kept = checkpoint.parent / "onnx" / _key(checkpoint)
    return all((kept / name).is_file() for name in GRAPHS)


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
    home = checkpoint.parent
    read_style_vectors(home / STYLES, read_config(home / CONFIG))


@contextmanager
def pytorch() -> Iterator[None]:
    """Raise a missing PyTorch as a HayakoeError that says how to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"torch", "safetensors"}:
            raise
        raise HayakoeError(
            f"checkpoints are read with PyTorch, but {error.name} is not installed: "
            "pip install 'wyoming-hayakoe[publish]'"
        ) from None


def _write_graphs(checkpoint: Path, folder: Path) -> None:
    with pytorch(), warnings.catch_warnings():
        # Tracing warns of sizes that become constants of the graph. Sizes that vary are named inputs' axes.
        warnings.simplefilter("ignore")
        from wyoming_hayakoe.engine.pytorch.network.checkpoint import load_checkpoint
        from wyoming_hayakoe.publish.onnx_export import export_duration_predictor, export_synthesizer, tidy

        network = load_checkpoint(checkpoint, checkpoint.parent / CONFIG)
        network.fold_weight_norm()
        export_synthesizer(network, folder / SYNTHESIZER)
        export_duration_predictor(network, folder / PREDICTOR)
        for name in GRAPHS:
            tidy(folder / name)


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
