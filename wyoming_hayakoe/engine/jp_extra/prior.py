"""From the text encoder's phones to the flow's frames."""

import numpy as np
import numpy.typing as npt


def draw_prior(
    durations: npt.NDArray[np.int64],
    mean: npt.NDArray[np.float32],
    log_scale: npt.NDArray[np.float32],
    noise: float,
    random: np.random.Generator,
) -> npt.NDArray[np.float32]:
    """Return the prior's latent [1, C, F]: each phone's column as often as it has frames, and noise.

    Args:
        durations: frames of each phone [T].
        mean: of each phone [C, T].
        log_scale: logarithm of each phone's deviation [C, T].
        noise: factor on the deviation.
        random: what draws.
    """
    mean = np.repeat(mean, durations, axis=1)
    scale = np.exp(np.repeat(log_scale, durations, axis=1)) * np.float32(noise)
    latent: npt.NDArray[np.float32] = (mean + random.standard_normal(mean.shape, dtype=np.float32) * scale)[None]
    return latent
