"""Sizes of a network, from a voice's ``config.json``."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wyoming_hayakoe.errors import HayakoeError

_VERSION_SUFFIX = "JP-Extra"


@dataclass(frozen=True, slots=True)
class NetworkParameters:
    """Sizes of every stage; the defaults are those of the published voices, which leave some of them out."""

    n_speakers: int = 1
    """Rows of the speaker embedding."""

    inter_channels: int = 192
    """Channels of the latent between text encoder, flow and decoder; even."""

    hidden_channels: int = 192
    """Width of the attention encoders and of the duration predictors."""

    filter_channels: int = 768
    """Width inside the attention encoders' feed-forward layers."""

    n_heads: int = 2
    """Attention heads; they divide ``hidden_channels``."""

    n_layers: int = 6
    """Attention layers of the text encoder, at least 3: the speaker embedding is added before the third."""

    kernel_size: int = 3
    """Taps of the text encoder's feed-forward convolutions."""

    gin_channels: int = 512
    """Width of the speaker embedding."""

    resblock: str = "1"
    """Type of the decoder's HiFi-GAN residual blocks: ``1`` or ``2``."""

    resblock_kernel_sizes: tuple[int, ...] = (3, 7, 11)
    """Taps of each of the residual blocks that follow an upsampling."""

    resblock_dilation_sizes: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    """Dilations in each of those blocks."""

    upsample_rates: tuple[int, ...] = (8, 8, 2, 2, 2)
    """Factors whose product is the hop, the samples of one frame."""

    upsample_initial_channel: int = 512
    """Channels before the first upsampling; each halves them."""

    upsample_kernel_sizes: tuple[int, ...] = (16, 16, 8, 2, 2)
    """Taps of the transposed convolutions."""

    use_transformer_flow: bool = True
    """Coupling layers with attention; otherwise with gated convolutions."""

    n_flow_layer: int = 4
    """Coupling layers with attention; or gated convolutions in each of four coupling layers without."""

    n_layers_trans_flow: int = 6
    """Attention layers in each coupling layer, at least 3."""

    duration_channels: int = 256
    """Width of the duration predictor; published configurations leave it out."""

    @classmethod
    def read(cls, path: Path) -> "NetworkParameters":
        """Read a voice's ``config.json``.

        Raises:
            HayakoeError: the file is no configuration of a JP-Extra voice.
        """
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
            version, model, data = config["version"], config["model"], config["data"]
            given = {**model, "n_speakers": data["n_speakers"]}
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise HayakoeError(
                f"{path}: no configuration of a voice ({error}): take config.json from its training"
            ) from error
        if not str(version).endswith(_VERSION_SUFFIX):
            raise HayakoeError(
                f"{path}: version {version!r} is no {_VERSION_SUFFIX} voice: only those can be published"
            )
        known: dict[str, Any] = {
            name.name: _field(path, name, given[name.name]) for name in dataclasses.fields(cls) if name.name in given
        }
        parameters = cls(**known)
        parameters._check(path)
        return parameters

    def _check(self, path: Path) -> None:
        """Raise a HayakoeError for sizes of which no network can be built."""
        shapes = (
            (self.n_speakers >= 1, "n_speakers must be at least 1"),
            (self.inter_channels % 2 == 0, "inter_channels must be even"),
            (self.hidden_channels % self.n_heads == 0, "n_heads must divide hidden_channels"),
            (min(self.n_layers, self.n_layers_trans_flow) >= 3, "n_layers and n_layers_trans_flow must be at least 3"),
            (self.resblock in {"1", "2"}, "resblock must be 1 or 2"),
            (
                len(self.resblock_kernel_sizes) == len(self.resblock_dilation_sizes),
                "resblock_kernel_sizes and resblock_dilation_sizes must be equally many",
            ),
            (
                len(self.upsample_rates) == len(self.upsample_kernel_sizes),
                "upsample_rates and upsample_kernel_sizes must be equally many",
            ),
        )
        for holds, rule in shapes:
            if not holds:
                raise HayakoeError(f"{path}: {rule}: take config.json from the voice's training")


def _field(path: Path, field: "dataclasses.Field[Any]", value: object) -> object:
    """Return a value in its field's type: lists become tuples; numbers must be positive."""
    kind = type(field.default)
    frozen = _frozen(value)
    if type(frozen) is not kind or not _all_positive(frozen):
        raise HayakoeError(f"{path}: {field.name} is {value!r}, expected a value such as {field.default!r}")
    return frozen


def _frozen(value: object) -> object:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _all_positive(value: object) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(map(_all_positive, value))
    return isinstance(value, bool | str) or (isinstance(value, int) and value > 0)
