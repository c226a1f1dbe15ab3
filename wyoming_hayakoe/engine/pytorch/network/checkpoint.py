"""Loading of published weights into a network.

Checkpoints of both kinds of weight normalisation load: PyTorch's older one (``weight_g``, ``weight_v``), which
Style-Bert-VITS2 saved with, and the newer (``parametrizations.weight.original0``), with which HayaKoe saves.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import Tensor

from wyoming_hayakoe.engine.pytorch.network.parameters import NetworkParameters
from wyoming_hayakoe.engine.pytorch.network.vits import Vits
from wyoming_hayakoe.errors import HayakoeError

# Weights for training only: the posterior encoder, its half of the stochastic duration predictor, the step count.
_TRAINING_ONLY = ("enc_q.", "sdp.post_", "sdp.flows.1.", "iteration")
_NAMED = 3


def load_checkpoint(weights: Path, config: Path) -> Vits:
    """Return a voice's network, ready to infer.

    Args:
        weights: the ``.safetensors`` file of its training.
        config: the ``config.json`` beside it.

    Raises:
        HayakoeError: a file cannot be read, or the weights are those of another network.
    """
    network = Vits(NetworkParameters.read(config))
    state = {name: weight for name, weight in _read(weights).items() if not name.startswith(_TRAINING_ONLY)}
    remedy = f"{config.name} must be the one of its training"
    try:
        result = network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        # PyTorch names the weights that do not fit below a heading, each on a separate line.
        first = str(error).splitlines()[1:2] or [str(error)]
        raise HayakoeError(f"{weights}: {first[0].strip().rstrip('.')}: {remedy}") from error
    for found, names in (("lacks", result.missing_keys), ("has unknown", result.unexpected_keys)):
        if names:
            raise HayakoeError(f"{weights}: {found} weights ({_some(names)}): {remedy}")
    return network.eval()


def _read(path: Path) -> Mapping[str, Tensor]:
    if path.suffix != ".safetensors":
        raise HayakoeError(f"{path}: not a .safetensors file: other checkpoints can run code when they are read")
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise HayakoeError(f"{path}: cannot be read ({error}): copy it from the training again") from error


def _some(names: Iterable[str]) -> str:
    names = sorted(names)
    more = [f"… {len(names)} in all"] if len(names) > _NAMED else []
    return ", ".join([*names[:_NAMED], *more])
