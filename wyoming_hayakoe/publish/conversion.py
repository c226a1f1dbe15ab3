"""A checkpoint to the files of a voice. Imports PyTorch only where there is something to convert."""

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
# Another number whenever the same checkpoint would become another graph.
_FORMAT = 1


def convert(checkpoint: Path, out: Path) -> None:
    """Make ``out`` the folder of a speaker: config.json, style_vectors.npy and both graphs; leave the rest of it alone.

    Args:
        checkpoint: a ``.safetensors`` file with config.json and style_vectors.npy beside it.
        out: the folder; made where there is none. Each file in it appears whole, and none before all are made.

    Raises:
        HayakoeError: it is no checkpoint of a JP-Extra voice, PyTorch is not installed, or the disk refuses.
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
    """Return the folder with both graphs of a checkpoint, kept beside it as ``onnx/HASH``; made at the first time.

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
    """Say whether :func:`cached_graphs` has nothing to make."""
    kept = checkpoint.parent / "onnx" / _key(checkpoint)
    return all((kept / name).is_file() for name in GRAPHS)


def check_checkpoint(checkpoint: Path) -> None:
    """Look at a checkpoint and what lies beside it, as far as that needs no PyTorch.

    Raises:
        HayakoeError: it is not the checkpoint of a JP-Extra voice.
    """
    if checkpoint.suffix != ".safetensors":
        raise HayakoeError(
            f"{checkpoint}: not a .safetensors file: other checkpoints can run code when they are read; "
            "Style-Bert-VITS2 saves one beside each"
        )
    if not checkpoint.is_file():
        raise HayakoeError(f"{checkpoint}: there is no such file: check the path")
    home = checkpoint.parent
    read_style_vectors(home / STYLES, read_config(home / CONFIG))


@contextmanager
def pytorch() -> Iterator[None]:
    """Turn a missing PyTorch into a line that says how to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"torch", "safetensors"}:
            raise
        raise HayakoeError(
            f"checkpoints are read with PyTorch, and {error.name} is not installed: "
            "pip install 'wyoming-hayakoe[publish]'"
        ) from None


def _write_graphs(checkpoint: Path, folder: Path) -> None:
    with pytorch(), warnings.catch_warnings():
        # Of tracing: which sizes become constants of the graph. Those that may not are inputs with names.
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
    """Return a name that is another for other weights, another configuration, or another way of exporting."""
    digest = hashlib.sha256(str(_FORMAT).encode())
    with one_line_errors(checkpoint, "copy it from the training again"):
        for path in (checkpoint, checkpoint.parent / CONFIG):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Yield a folder on the same disk, which goes with all that is left in it."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as scratch:
        yield Path(scratch)
