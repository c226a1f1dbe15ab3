"""duration_predictor.onnx: a voice's text encoder alone, published beside the synthesizer."""

import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.jp_extra.inputs import Inputs
from wyoming_hayakoe.engine.runtime.session import Session
from wyoming_hayakoe.utterance import SynthesisParams


class DurationPredictor:
    """Durations of phones, for a synthesizer that cannot be cut. Safe to use from several threads."""

    def __init__(self, model: Path | None) -> None:
        """Name the file, or None where a voice has none; it is read at first use."""
        self._model = model
        self._lock = threading.Lock()
        self._session: Session | None = None

    def durations(self, inputs: Inputs, params: SynthesisParams) -> npt.NDArray[np.int64] | None:
        """Return the frames of each phone [T]; None where there is no such file.

        Raises:
            HayakoeError: the file is damaged, or no duration predictor.
        """
        with self._lock:
            if self._session is None and self._model is not None:
                self._session = Session(self._model, self._model)
        if self._session is None:
            return None
        durations = self._session.run(self._session.outputs[:1], inputs.feeds(params))[0]
        return durations.reshape(-1).astype(np.int64)
