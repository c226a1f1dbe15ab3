"""PyTorch backend: runs a voice's network from its checkpoint instead of the ONNX graph, for a GPU."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from wyoming_hayakoe.engine.about import read_about
from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.jp_extra.config import read_config, read_style_vectors
from wyoming_hayakoe.engine.jp_extra.network import JP_EXTRA
from wyoming_hayakoe.engine.jp_extra.voice_files import VoiceFiles
from wyoming_hayakoe.engine.pytorch.network.checkpoint import load_checkpoint
from wyoming_hayakoe.engine.pytorch.network.text_encoder import Sentence
from wyoming_hayakoe.engine.pytorch.network.vits import Rhythm, Vits
from wyoming_hayakoe.engine.runtime.session import Feeds
from wyoming_hayakoe.engine.vits.stages import LoadedStages
from wyoming_hayakoe.engine.vits.synthesizer import Synthesizer
from wyoming_hayakoe.errors import HayakoeError, in_brief


def has_gpu() -> bool:
    """Return whether PyTorch can compute on a GPU."""
    return bool(torch.cuda.is_available())


class PyTorch:
    """Loader of voices onto one PyTorch device."""

    def __init__(self, device: str) -> None:
        """Load onto ``device``, a PyTorch name such as ``cuda``."""
        self.device = torch.device(device)
        self.compiles = False
        """Whether networks are compiled with torch.compile, which takes a minute and makes them faster."""

    def read(self, place: Path) -> VoiceFiles:
        """Return the small files in the folder of a voice.

        Raises:
            HayakoeError: a file is missing or damaged.
        """
        config = read_config(place / "config.json")
        vectors = read_style_vectors(place / "style_vectors.npy", config)
        return VoiceFiles(_only_checkpoint(place), None, config, vectors, read_about(place))

    def load(self, checkpoint: Path) -> Synthesizer:
        """Return a voice's network, ready to run.

        Raises:
            HayakoeError: the weights are damaged, or the device has no memory for them.
        """
        network = load_checkpoint(checkpoint, checkpoint.parent / "config.json")
        network.fold_weight_norm()
        try:
            network = network.to(self.device)
        except RuntimeError as error:
            raise _failed(checkpoint, error) from error
        return Synthesizer(JP_EXTRA, checkpoint, stages=_stages(network, checkpoint, compiles=self.compiles))


_Compute = Callable[[dict[str, Tensor]], Sequence[Tensor]]


class _Stage:
    """One stage of the network: a :class:`~.vits.stages.LoadedStage`."""

    def __init__(self, compute: _Compute, device: torch.device, origin: Path) -> None:
        self._compute = compute
        self._device = device
        self._origin = origin
        # torch.compile is not thread-safe, and a GPU runs one stage at a time.
        self._lock = threading.Lock()

    def run(self, outputs: Sequence[str], feeds: Feeds) -> list[npt.NDArray[Any]]:
        """Return the values of ``outputs``, which are all outputs of this stage."""
        try:
            with self._lock, torch.inference_mode():
                tensors = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in feeds.items()}
                given = {name: value.to(self._device) for name, value in tensors.items()}
                results = [value.float().cpu().numpy() for value in self._compute(given)]
        except RuntimeError as error:
            raise _failed(self._origin, error) from error
        if not all(np.isfinite(result).all() for result in results):
            raise HayakoeError(f"{self._origin}: gives values that are no numbers: fetch the voice again")
        return results


def _stages(network: Vits, origin: Path, *, compiles: bool) -> LoadedStages:
    device = network.emb_g.weight.device
    stages: list[Callable[..., Any]] = [network.encode, network.flow, network.dec]
    if compiles:
        # Dynamic shapes: one compiled program for sentences of any length.
        stages = [torch.compile(stage, dynamic=True) for stage in stages]
    encode, flow, decode = stages

    def encoder(given: dict[str, Tensor]) -> Sequence[Tensor]:
        rhythm = Rhythm(*(given[name] for name in Rhythm._fields))
        sentence = _sentence(given)
        frames, prior = encode(sentence, rhythm, given[cutting.DURATION_NOISE])
        return frames, prior.mean, prior.log_scale

    def turned(given: dict[str, Tensor]) -> Sequence[Tensor]:
        prior = given[cutting.PRIOR]
        return [flow(prior, torch.ones_like(prior[:, :1]), network.speaker(given["sid"]))]

    def decoder(given: dict[str, Tensor]) -> Sequence[Tensor]:
        return [decode(given[cutting.LATENT], network.speaker(given["sid"]))]

    encoder_, flow_, decoder_ = (_Stage(each, device, origin) for each in (encoder, turned, decoder))
    return LoadedStages(encoder_, flow_, decoder_, network.dec.hop, network.dec.reach - JP_EXTRA.faint)


def _sentence(given: dict[str, Tensor]) -> Sentence:
    return Sentence(*(given[name] for name in Sentence._fields))


def _only_checkpoint(folder: Path) -> Path:
    found = sorted(folder.glob("*.safetensors"))
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.name for path in found)[:140]
    raise HayakoeError(
        f"{folder}: holds several checkpoints ({names}): leave one"
        if found
        else f"{folder}: holds no .safetensors file: fetch the voice again"
    )


def _failed(origin: Path, error: RuntimeError) -> HayakoeError:
    """Return PyTorch's error in one line."""
    if isinstance(error, torch.cuda.OutOfMemoryError):
        return HayakoeError(f"{origin}: the GPU is out of memory: stop other programs on it, or compute on the CPU")
    return HayakoeError(f"{origin}: PyTorch fails ({in_brief(error)}): compute on the CPU")
