"""NISQA-TTS, a model of listeners who judge how natural synthetic speech is: Mittag and Möller 2020.

Its weights, nisqa_tts.tar of the repository gabrielmittag/NISQA on GitHub, may be used for no commercial purpose
(CC BY-NC-SA 4.0): they are no part of this program, no package brings them, and nothing of them may be committed. A
developer who may use them fetches the file by hand. The network is that of the file's own description.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from script.trained.ears import Sound
from script.trained.mel import slaney_filters
from script.trained.packages import let_import
from wyoming_hayakoe.errors import UsageError

SHA256 = "c556a954cd9536360b4fe6f524ad432816509cd22f436f345b281a7851360656"
"""Of nisqa_tts.tar."""

# Of the file's description: ms_n_fft, ms_hop_length, ms_win_length, ms_n_mels, ms_fmax, ms_seg_length, td_lstm_h.
_SIZE, _HOP_SECONDS, _WINDOW_SECONDS = 4096, 0.01, 0.02
_BANDS, _HIGHEST_HERTZ = 48, 8000.0
_SEGMENT = 15
_HIDDEN = 128
_LEAST_AMPLITUDE, _RANGE_DB = 1e-4, 80.0
# Depths behind which neighbours are pooled, and how many columns of padding they get.
_POOLED = {1: 1, 2: 0, 4: 0}
_DEPTHS = 6

Spectrum = npt.NDArray[np.float32]
"""Decibels in bands [48, frames]."""


class Listener:
    """The network with its weights; it needs the peer's environment, where PyTorch is."""

    def __init__(self, file: Path, threads: int = 1) -> None:
        """Load the weights.

        Raises:
            UsageError: the file is missing, or another one.
            FileNotFoundError: PyTorch is not installed.
        """
        try:
            content = file.read_bytes()
        except OSError as error:
            raise UsageError(f"{file}: cannot be read: {error.strerror or error}: give nisqa_tts.tar") from None
        if hashlib.sha256(content).hexdigest() != SHA256:
            raise UsageError(f"{file}: is not the nisqa_tts.tar of the repository gabrielmittag/NISQA")
        let_import("torch")
        import torch

        torch.set_num_threads(threads)
        self._weights: Mapping[str, Any] = torch.load(file, map_location="cpu", weights_only=True)["model_state_dict"]

    def opinion(self, sound: Sound, rate: int) -> float:
        """Return how natural ``sound`` at ``rate`` samples per second is, from about 1 to 5.

        Raises:
            ValueError: it is shorter than 0.15 s.
        """
        import torch

        spectrum = decibels(sound, rate)
        if spectrum.shape[1] < _SEGMENT:
            raise ValueError(f"{len(sound)} samples are too few to judge")
        segments = np.lib.stride_tricks.sliding_window_view(spectrum, _SEGMENT, axis=1).swapaxes(0, 1)
        with torch.no_grad():
            return self._judged(torch.from_numpy(segments.copy())[:, None])

    def _judged(self, segments: Any) -> float:
        """Return the opinion of segments [frames, 1, 48, 15]: a CNN, then an LSTM in both directions, then a sum."""
        import torch

        values = segments
        for depth in range(1, _DEPTHS + 1):
            values = torch.relu(self._normalised(depth, self._convolved(depth, values)))
            if depth in _POOLED:
                values = torch.nn.functional.max_pool2d(values, 2, padding=(0, _POOLED[depth]))
        features = torch.nn.functional.linear(values.flatten(1), *self._of("cnn.model.fc_out"))
        recurrent = torch.nn.LSTM(features.shape[1], _HIDDEN, bidirectional=True, batch_first=True)
        prefix = "time_dependency.model.lstm."
        recurrent.load_state_dict({name: self._weights[prefix + name] for name in recurrent.state_dict()})
        states = recurrent(features[None])[0][0]
        # Each direction has seen all frames at its own end.
        ends = torch.cat([states[-1, :_HIDDEN], states[0, _HIDDEN:]])
        return float(torch.nn.functional.linear(ends, *self._of("pool.model.linear")))

    def _convolved(self, depth: int, values: Any) -> Any:
        import torch

        return torch.nn.functional.conv2d(values, *self._of(f"cnn.model.conv{depth}"), padding=1)

    def _normalised(self, depth: int, values: Any) -> Any:
        import torch

        name = f"cnn.model.bn{depth}"
        mean, variance = self._weights[f"{name}.running_mean"], self._weights[f"{name}.running_var"]
        return torch.nn.functional.batch_norm(values, mean, variance, *self._of(name))

    def _of(self, layer: str) -> tuple[Any, Any]:
        return self._weights[f"{layer}.weight"], self._weights[f"{layer}.bias"]


def decibels(sound: Sound, rate: int) -> Spectrum:
    """Return what the network takes: the amplitude in mel bands, in decibels, at most 80 dB below the loudest.

    Source: librosa's ``melspectrogram`` and ``amplitude_to_db``, as the repository calls them.
    """
    hop, width = int(rate * _HOP_SECONDS), int(rate * _WINDOW_SECONDS)
    window = np.zeros(_SIZE)
    start = (_SIZE - width) // 2
    window[start : start + width] = np.hanning(width + 1)[:-1]
    padded = np.pad(np.asarray(sound, dtype=np.float64), _SIZE // 2, mode="reflect")
    blocks = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::hop]
    filters = slaney_filters(_BANDS, rate=rate, size=_SIZE, highest=_HIGHEST_HERTZ)
    amplitude = filters @ np.abs(np.fft.rfft(blocks * window)).T
    level = 20 * np.log10(np.maximum(amplitude, _LEAST_AMPLITUDE))
    return np.maximum(level, level.max() - _RANGE_DB).astype(np.float32)
