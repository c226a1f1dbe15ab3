"""Verification of a voice: its staged files speak; then a new process fetches it from its destination and speaks.

``python -m wyoming_hayakoe.publish.verify URI NAME BACKEND BERT_SOURCE OUT.wav`` runs that process.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import numpy as np

from wyoming_hayakoe.audio import to_pcm, write_wav
from wyoming_hayakoe.disk import one_line_errors
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.publish.conversion import for_trainers
from wyoming_hayakoe.publish.plan import Backend, Plan
from wyoming_hayakoe.sources.source import Progress, Transfer
from wyoming_hayakoe.tts import TTS
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Delivery, Voice, Waveform

SENTENCE = "テスト音声です。"
FOLDER = ".verify_audio"
_DEVICES: dict[Backend, str] = {"cpu": "cpu", "gpu": "cuda"}

# Seconds. The sentence's ten morae take a little over 1 s; an untrained network gives no sound, or long noise.
_SECONDS = (0.4, 8.0)
# RMS level in dBFS; speech has -30 to -15.
_DECIBELS = (-50.0, -3.0)


def make_room(name: str) -> None:
    """Make the folder of the proofs in the working folder, and remove older proofs of the voice.

    Raises:
        HayakoeError: the working folder takes no files.
    """
    folder = Path(FOLDER).absolute()
    with one_line_errors(folder, "start from another folder"):
        folder.mkdir(exist_ok=True)
        for device in _DEVICES.values():
            (folder / f"{name}_{device}.wav").unlink(missing_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


def verify_staged(plan: Plan, stage: Path, scratch: Path, progress: Progress | None) -> None:
    """Speak with the files that are to be uploaded, from a folder ``stage`` like a repository.

    Raises:
        HayakoeError: they do not speak.
    """
    publication = plan.publication
    for backend in publication.backends:
        with _reported(f"{publication.name} for {backend}", progress):
            try:
                with for_trainers():
                    voice, samples = _speak(stage.as_uri(), publication.name, backend, None, scratch / "data")
                    check_speech(samples, voice.sample_rate)
            except HayakoeError as error:
                raise HayakoeError(
                    f"{publication.name} does not speak for {backend}, and nothing was uploaded: {error}"
                ) from error


def verify(plan: Plan, backend: Backend, progress: Progress | None) -> Path:
    """Run a new process that speaks from the destination, and return the path of its WAV file.

    Raises:
        HayakoeError: the process fails, or its sound is no speech.
    """
    name = plan.publication.name
    path = Path(FOLDER, f"{name}_{_DEVICES[backend]}.wav")
    arguments = [plan.destination.uri, name, backend, plan.publication.bert_source, str(path)]
    command = [sys.executable, "-m", "wyoming_hayakoe.publish.verify", *arguments]
    with _reported(f"{name} for {backend} from {plan.destination.uri}", progress):
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        reason = (result.stderr.strip() or f"exit code {result.returncode}").splitlines()[-1]
        raise HayakoeError(f"{name} is uploaded for {backend}, but does not speak from there: {reason}")
    return path


@contextmanager
def _reported(name: str, progress: Progress | None) -> Iterator[None]:
    if progress is not None:
        progress(Transfer(name, 0, 1, "verifying", "steps"))
    yield
    if progress is not None:
        progress(Transfer(name, 1, 1, "verifying", "steps"))


def main(arguments: Sequence[str]) -> int:
    """Fetch the voice, speak the sentence, check the sound and write it; return the exit code."""
    uri, name, backend, bert_source, out = arguments
    try:
        with tempfile.TemporaryDirectory() as scratch:
            # Of a voice for ONNX the repository's own BERT is verified with it; of a checkpoint, that alone.
            bert = bert_source if backend == "gpu" else None
            voice, samples = _speak(uri, name, backend, bert, Path(scratch))
        check_speech(samples, voice.sample_rate)
        with one_line_errors(Path(out), "start from another folder"):
            Path(out).write_bytes(write_wav(to_pcm(samples), voice.sample_rate))
    except HayakoeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def check_speech(samples: Waveform, sample_rate: int) -> None:
    """Check that ``samples`` can be the sentence.

    Raises:
        HayakoeError: a sample is not finite, or the sound is too short, long, quiet or loud.
    """
    if not np.isfinite(samples).all():
        raise HayakoeError("its sound has values that are no numbers: export the checkpoint again")
    seconds = len(samples) / sample_rate
    if not _SECONDS[0] <= seconds <= _SECONDS[1]:
        raise HayakoeError(
            f"{SENTENCE} lasts {seconds:.1f} s: train the voice for longer, or choose another checkpoint"
        )
    level = 20 * np.log10(max(float(np.sqrt(np.square(samples).mean())), 1e-9))
    if not _DECIBELS[0] <= level <= _DECIBELS[1]:
        raise HayakoeError(f"its level is {level:.0f} dB: train the voice for longer, or choose another checkpoint")


def _speak(uri: str, name: str, backend: str, bert_source: str | None, data: Path) -> tuple[Voice, Waveform]:
    # The PyTorch backend runs a checkpoint with or without a GPU.
    tts = TTS("pytorch" if backend == "gpu" else "cpu", data, bert_source, compiled=False)
    tts.load(name, f"{uri}#{quote(name)}")
    speaker = tts.pre_download().speakers[name]
    utterance = speaker.front_end.read(SENTENCE)
    speech = speaker.voice.speak(utterance, SynthesisParams(seed=0), Delivery(undivided=True, raw=True))
    return speaker.voice, np.concatenate([*speech.windows, np.zeros(0, np.float32)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
