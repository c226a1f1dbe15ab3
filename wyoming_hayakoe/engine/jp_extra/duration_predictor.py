"""duration_predictor.onnx: a voice's text encoder alone, published beside the synthesizer."""

import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs.checks import check
from wyoming_hayakoe.engine.graphs.model_file import read_model
from wyoming_hayakoe.engine.jp_extra.inputs import LONGEST, Inputs, random_inputs
from wyoming_hayakoe.engine.prepare.proofs import Proofs
from wyoming_hayakoe.engine.runtime.session import Session, shapes
from wyoming_hayakoe.utterance import SynthesisParams


class DurationPredictor:
    """Durations of phones, for a synthesizer that cannot be cut. Safe to use from several threads."""

    def __init__(self, model: Path | None, proofs: Proofs | None = None) -> None:
        """Name the file, or None where a voice has none; it is read at first use, if ``proofs`` allow that."""
        self._model = model
        self._proofs = proofs
        self._lock = threading.Lock()
        self._session: Session | None = None

    def prove(self) -> None:
        """Return if the file may be loaded, which is tried in another process the first time.

        Raises:
            HayakoeError: it may not, or is missing.
        """
        if self._model is not None and self._proofs is not None:
            self._proofs.require(self._model, prove_predictor)

    def durations(self, inputs: Inputs, params: SynthesisParams) -> npt.NDArray[np.int64] | None:
        """Return the frames of each phone [T]; None where there is no such file.

        Raises:
            HayakoeError: the file is damaged, no duration predictor, or may not be loaded.
        """
        with self._lock:
            if self._session is None and self._model is not None:
                self.prove()
                self._session = Session(self._model, self._model)
        if self._session is None:
            return None
        durations = self._session.run(self._session.outputs[:1], inputs.feeds(params))[0]
        return durations.reshape(-1).astype(np.int64)


def prove_predictor(model: Path) -> None:
    """Load a published graph and let it work, for :mod:`~.prepare.proofs`.

    Raises:
        HayakoeError: it is missing, damaged, no duration predictor, not to be trusted, or fails.
    """
    longest, params = random_inputs(LONGEST), SynthesisParams(seed=0)
    check(read_model(model), model, shapes(longest.feeds(params)))
    DurationPredictor(model).durations(longest, params)
