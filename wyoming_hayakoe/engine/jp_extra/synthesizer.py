"""One voice's network: phones and features to sound, stage by stage."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.graphs.cutting import UncuttableError
from wyoming_hayakoe.engine.graphs.model_file import read_model
from wyoming_hayakoe.engine.jp_extra.inputs import Inputs
from wyoming_hayakoe.engine.jp_extra.prior import draw_prior
from wyoming_hayakoe.engine.jp_extra.windows import Window, plan
from wyoming_hayakoe.engine.runtime.session import Execution, Feeds, Session
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Waveform

if TYPE_CHECKING:
    from onnx import ModelProto

    from wyoming_hayakoe.engine.prepare.compiler import Compiled

_LOGGER = logging.getLogger(__name__)

# 70 s. The flow's attention takes memory by the square of this, and no sentence is so long.
_MOST_FRAMES = 6000


class Stage(Protocol):
    """A part of the network that is ready to run, as a :class:`Session` is."""

    def run(self, outputs: Sequence[str], feeds: Feeds) -> list[npt.NDArray[Any]]:
        """Compute ``outputs``, named as ``graph`` names them."""
        ...


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence on its way."""

    durations: npt.NDArray[np.int64] | None
    """Frames of each phone [T]; None where the graph does not tell."""

    windows: Iterator[Waveform]
    """The network's sound as it is, each window computed when it is asked for."""


class Synthesizer:
    """A published synthesizer.onnx, cut in stages where its graph allows. Safe to use from several threads."""

    def __init__(
        self,
        model: Path,
        compiled: "Compiled | None" = None,
        execution: Execution | None = None,
        *,
        stages: "LoadedStages | None" = None,
    ) -> None:
        """Load the graph at ``model``, or what has been ``compiled`` of it; or take ``stages`` that are loaded.

        Raises:
            HayakoeError: it is missing, damaged, or no JP-Extra voice.
        """
        self._origin = model
        self._stages: LoadedStages | None = None
        self._whole: Session | None = None
        try:
            self._stages = stages or LoadedStages.open(model, compiled, execution)
        except UncuttableError as error:
            _LOGGER.warning("%s: speaks sentence by sentence only: %s", model, error)
            whole = compiled.graph("whole") if compiled else model
            self._whole = Session(whole, model, execution, is_optimised=compiled is not None)

    @property
    def is_cut(self) -> bool:
        """Whether sound comes window by window, and a seed decides it."""
        return self._stages is not None

    @property
    def tells_durations(self) -> bool:
        """Whether :meth:`speak` says how long each phone lasts."""
        return self._whole is None or "durations" in self._whole.outputs

    def durations(self, inputs: Inputs, params: SynthesisParams) -> npt.NDArray[np.int64] | None:
        """Return the frames [T] that :meth:`speak` would give each phone; None where only the sound itself tells.

        Raises:
            HayakoeError: the graph fails.
        """
        if self._stages is None:
            return None
        return self._encode(self._stages, inputs, params, np.random.default_rng(params.seed))[0]

    def speak(self, inputs: Inputs, params: SynthesisParams, *, undivided: bool = False) -> Spoken:
        """Compute everything up to the decoder, and return the sound to come; ``undivided`` in one window.

        Raises:
            HayakoeError: the graph fails, or gives no sound; also from the windows.
        """
        if self._stages is None:
            return self._speak_whole(inputs, params)
        random = np.random.default_rng(params.seed)
        durations, mean, log_scale = self._encode(self._stages, inputs, params, random)
        frames = int(durations.sum())
        if not 0 < frames <= _MOST_FRAMES or durations.min() < 0:
            raise HayakoeError(f"{self._origin}: wants a sentence of {frames} frames: choose another voice")
        latent = self._stages.flow.run(
            [cutting.LATENT],
            {
                cutting.PRIOR: draw_prior(durations, mean, log_scale, params.noise, random),
                cutting.DURATIONS: durations[None, None].astype(np.float32),
                **inputs.feeds(params),
            },
        )[0]
        windows = plan(frames, frames if undivided else self._stages.reach)
        return Spoken(durations, self._decode(self._stages, latent, inputs.feeds(params), windows))

    def _encode(
        self, stages: "LoadedStages", inputs: Inputs, params: SynthesisParams, random: np.random.Generator
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return durations [T], and the prior's mean and logarithmic scale [C, T]."""
        noise = random.standard_normal((1, 2, len(inputs.phones)), dtype=np.float32)
        outputs = [cutting.DURATIONS, cutting.MEAN, cutting.LOG_SCALE]
        durations, mean, log_scale = stages.encoder.run(
            outputs, {cutting.DURATION_NOISE: noise, **inputs.feeds(params)}
        )
        return durations.reshape(-1).astype(np.int64), mean[0], log_scale[0]

    def _decode(
        self, stages: "LoadedStages", latent: npt.NDArray[np.float32], feeds: Feeds, windows: Sequence[Window]
    ) -> Iterator[Waveform]:
        for window in windows:
            part = {**feeds, cutting.LATENT: np.ascontiguousarray(latent[:, :, window.first : window.last])}
            sound: Waveform = stages.decoder.run([cutting.AUDIO], part)[0].reshape(-1)
            start = (window.start - window.first) * stages.hop
            yield sound[start : start + (window.stop - window.start) * stages.hop]

    def _speak_whole(self, inputs: Inputs, params: SynthesisParams) -> Spoken:
        assert self._whole is not None  # noqa: S101
        outputs = self._whole.outputs[:1] + [name for name in self._whole.outputs[1:] if name == "durations"]
        sound, *durations = self._whole.run(outputs, inputs.feeds(params))
        return Spoken(
            durations[0].reshape(-1).astype(np.int64) if durations else None,
            iter([sound.reshape(-1).astype(np.float32)]),
        )


@dataclass(frozen=True, slots=True)
class LoadedStages:
    """The stages, ready to run."""

    encoder: Stage
    flow: Stage
    decoder: Stage

    hop: int
    """Samples in a frame."""

    reach: int
    """How many frames to either side the sound of a frame depends on."""

    @classmethod
    def open(cls, origin: Path, compiled: "Compiled | None", execution: Execution | None) -> "LoadedStages":
        """Load what has been ``compiled`` of ``origin``, else cut it now.

        Raises:
            UncuttableError: it is, or was, not built so.
        """
        if compiled is None:
            cut = cutting.cut(read_synthesizer(origin))
            encoder, flow, decoder = (Session(each, origin, execution) for each in (cut.encoder, cut.flow, cut.decoder))
            return cls(encoder, flow, decoder, cut.hop, cut.reach)
        if "uncut" in compiled.report:
            raise UncuttableError(compiled.report["uncut"])

        def load(name: str) -> Session:
            path = compiled.graph(name)
            return Session(path, origin, execution, is_optimised=True, plans_memory=name == "decoder")

        hop, reach = compiled.report["hop"], compiled.report["reach"]
        return cls(load("encoder"), load("flow"), load("decoder"), hop, reach)


def read_synthesizer(model: Path) -> "ModelProto":
    """Return the graph at ``model`` with all its weights.

    Raises:
        HayakoeError: it is missing, damaged, or no JP-Extra voice.
    """
    proto = read_model(model)
    _check_inputs(proto, model)
    return proto


def _check_inputs(proto: "ModelProto", origin: Path) -> None:
    """Refuse a graph that takes something else than a JP-Extra synthesizer."""
    zero = np.zeros(1, dtype=np.int64)
    known = Inputs(zero, zero, zero, zero.astype(np.float32), zero.astype(np.float32), 0).feeds(SynthesisParams())
    weights = {tensor.name for tensor in proto.graph.initializer}
    names = {value.name for value in proto.graph.input} - weights
    needed = {"bert", "style_vec", "sid", "length_scale"}
    if strange := sorted(names - set(known)) or sorted(needed - names):
        raise HayakoeError(
            f"{origin}: is no Style-Bert-VITS2 JP-Extra voice ({', '.join(strange)[:80]} is "
            f"{'not known to those' if names - set(known) else 'missing'}): choose another file"
        )
