"""What the peer does: a program for the environment of script/peer, which has HayaKoe 1.3.1 and PyTorch.

``peer.py network FOLDER`` compares our network with the peer's. ``peer.py speak FOLDER REPOSITORY`` has the peer speak
what FOLDER/cases.json says. ``peer.py checkpoints FOLDER REPOSITORY`` loads checkpoints, which needs PyTorch only.
Results are written to FOLDER.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

CHECKOUT = Path(__file__).resolve().parents[2]
SIZES = {
    "inter_channels": 32,
    "hidden_channels": 24,
    "filter_channels": 48,
    "gin_channels": 20,
    "upsample_initial_channel": 64,
    "n_speakers": 3,
}
KINDS = ({}, {"use_transformer_flow": False}, {"resblock": "2"})
TIME = 37


def compare_networks(folder: Path) -> None:
    """Write the largest difference of every stage, for networks of each kind with the same random weights."""
    import torch
    from hayakoe.models.models_jp_extra import SynthesizerTrn

    sys.path.insert(0, str(CHECKOUT))
    from wyoming_hayakoe.engine.pytorch.network.parameters import NetworkParameters
    from wyoming_hayakoe.engine.pytorch.network.vits import Vits

    differences = []
    for kind in KINDS:
        torch.manual_seed(1)
        parameters = NetworkParameters(**SIZES | kind)
        shape = {name: getattr(parameters, name) for name in parameters.__slots__}
        theirs = SynthesizerTrn(n_vocab=112, spec_channels=1025, segment_size=32, p_dropout=0.1, **shape).eval()
        with torch.no_grad():
            for weight in theirs.parameters():
                weight.add_(0.05 * torch.randn_like(weight))
        ours = Vits(parameters).eval()
        missing = ours.load_state_dict(theirs.state_dict(), strict=False).missing_keys
        assert not missing, missing
        with torch.no_grad():
            differences.append({"kind": kind, "stages": compare_stages(ours, theirs)})
    (folder / "differences.json").write_text(json.dumps(differences), encoding="utf-8")


def compare_stages(ours: Any, theirs: Any) -> dict[str, float]:
    """Return by stage the largest difference, as a share of the largest value."""
    import torch

    from wyoming_hayakoe.engine.pytorch.network.text_encoder import Sentence
    from wyoming_hayakoe.engine.pytorch.network.vits import Rhythm

    sentence = Sentence(
        x=torch.randint(0, 112, (1, TIME)),
        x_lengths=torch.tensor([TIME]),
        sid=torch.tensor([2]),
        tone=torch.randint(6, 8, (1, TIME)),
        language=torch.ones(1, TIME, dtype=torch.int64),
        bert=torch.randn(1, 1024, TIME),
        style_vec=torch.randn(1, 256),
    )
    speaker = ours.speaker(sentence.sid)
    prior = ours.enc_p(sentence, speaker)
    hidden, mean, log_scale, mask = theirs.enc_p(*sentence[:2], *sentence[3:], g=speaker)
    torch.manual_seed(2)
    noise = torch.randn(1, 2, TIME) * 0.8
    torch.manual_seed(2)
    drawn = theirs.sdp(hidden, mask, g=speaker, reverse=True, noise_scale=0.8)
    latent = torch.randn_like(mean)
    turned = theirs.flow(latent, mask, g=speaker, reverse=True)
    still, rhythm = torch.zeros(1), Rhythm(torch.ones(1), torch.zeros(1), torch.tensor([0.3]))
    sound, frames = ours(sentence, still, rhythm)
    their_sound, path, *_ = theirs.infer(*sentence, noise_scale=0.0, noise_scale_w=0.0, sdp_ratio=0.3)
    pairs = {
        "hidden": (prior.hidden, hidden),
        "mean": (prior.mean, mean),
        "log scale": (prior.log_scale, log_scale),
        "duration predictor": (ours.dp(hidden, mask, speaker), theirs.dp(hidden, mask, g=speaker)),
        "stochastic duration predictor": (ours.sdp(hidden, mask, speaker, noise), drawn),
        "flow": (ours.flow(latent, mask, speaker), turned),
        "decoder": (ours.dec(latent, speaker), theirs.dec(latent, g=speaker)),
        "durations": (frames, path.sum(2)[:, 0]),
        "sound": (sound, their_sound),
    }
    return {name: float((a - b).abs().max() / b.abs().max()) for name, (a, b) in pairs.items()}


def load_checkpoints(folder: Path, repository: Path) -> None:
    """Load the repository's checkpoint whole and spoiled; write what is said of each."""
    sys.path.insert(0, str(CHECKOUT))
    from safetensors.torch import load_file, save_file

    from wyoming_hayakoe.engine.pytorch.network.checkpoint import load_checkpoint
    from wyoming_hayakoe.errors import HayakoeError

    home = repository / "pytorch" / "speakers" / "rand-jp"
    weights = load_file(home / "rand-jp.safetensors")
    lacking = {name: weight for name, weight in weights.items() if name != "emb_g.weight"}
    kinds = {
        "whole": weights,
        "training": {**weights, "enc_q.pre.weight": weights["emb_g.weight"].clone()},
        "lacking": lacking,
        "strange": {**weights, "other.weight": weights["emb_g.weight"].clone()},
        "narrow": {**lacking, "emb_g.weight": weights["emb_g.weight"][:1].clone()},
    }
    said = {}
    for kind, state in kinds.items():
        save_file(state, folder / f"{kind}.safetensors")
    (folder / "code.pth").write_bytes(b"")
    (folder / "cut.safetensors").write_bytes(b"x" * 100)
    for path in sorted(folder.iterdir()):
        try:
            load_checkpoint(path, home / "config.json")
            said[path.stem] = "loaded"
        except HayakoeError as error:
            said[path.stem] = str(error)
    said["hayakoe"] = load_with_hayakoe(home)
    (folder / "said.json").write_text(json.dumps(said), encoding="utf-8")


def load_with_hayakoe(home: Path) -> str:
    """Return "loaded" where HayaKoe's own PyTorch class takes the checkpoint, else its error."""
    from hayakoe.models.hyper_parameters import HyperParameters
    from hayakoe.models.infer import get_net_g

    hps = HyperParameters.load_from_json(home / "config.json")
    try:
        get_net_g(str(home / "rand-jp.safetensors"), hps.version, "cpu", hps)
    except RuntimeError as error:
        return str(error)
    return "loaded"


def speak(folder: Path, repository: Path) -> None:
    """Speak each case as the peer's runtime does, and write features, sound, durations and pauses."""
    import onnxruntime
    from hayakoe.api.speaker import Speaker
    from hayakoe.nlp import bert_models

    cases = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    tokenizer = bert_models.load_tokenizer(str(repository / "bert" / "tokenizer"))
    bert = onnxruntime.InferenceSession(str(repository / "onnx" / "bert" / "q8" / "bert_q8.onnx"))
    speaker = Speaker("rand-jp", repository / "onnx" / "speakers" / "rand-jp", "cpu", bert_session=bert)
    results: dict[str, Any] = {}
    for index, case in enumerate(cases["sentences"]):
        tokens = tokenizer(case["bert_text"], return_tensors="np")
        hidden = bert.run(None, {name: tokens[name] for name in ("input_ids", "attention_mask")})[0][0]
        features = np.repeat(hidden, case["word2ph"], axis=0).T
        style = speaker._get_style_vector(case["style"], case["style_weight"])
        arguments = (case["phones"], case["tones"], case["languages"], features, style)
        results[f"ids{index}"] = tokens["input_ids"][0]
        results[f"features{index}"] = hidden
        for run in range(case["runs"]):
            numbers = (case["sid"], case["speed"], case["sdp_ratio"], case["noise"], case["noise_w"])
            sound, durations = speaker._synth_with_features_onnx(*arguments, *numbers)
            results[f"durations{index}_{run}"] = durations
            results[f"level{index}_{run}"] = np.sqrt(np.square(sound).mean())
        results[f"sound{index}"] = sound
    for index, sentences in enumerate(cases["texts"]):
        results[f"pauses{index}"] = np.array(
            speaker._predict_pauses("".join(sentences), sentences, "Neutral", 1.0, 0, 1.0, 0.0, 0.0)
        )
    np.savez(folder / "results.npz", **results)


if __name__ == "__main__":
    # Its own dictionary would be downloaded.
    os.environ.setdefault("OPEN_JTALK_DICT_DIR", os.environ.get("HAYAKOE_TEST_DICTIONARY", ""))
    if sys.argv[1] == "network":
        compare_networks(Path(sys.argv[2]))
    elif sys.argv[1] == "checkpoints":
        load_checkpoints(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        speak(Path(sys.argv[2]), Path(sys.argv[3]))
