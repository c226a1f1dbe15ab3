"""How far predicted statistics and integers are from the whole sentence in fp32, on sentences that were not fitted."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from script.kokoro_fit.model import Floats, Model, Sentence, Whole, joined, with_statistics
from wyoming_hayakoe.engine.kokoro.harmonics import RATE
from wyoming_hayakoe.engine.kokoro.int8 import Ranges
from wyoming_hayakoe.engine.kokoro.statistics import Predictor
from wyoming_hayakoe.engine.prepare.quality import Quality, compare, refusal
from wyoming_hayakoe.engine.runtime.session import Feeds, Session


@dataclass(frozen=True, slots=True)
class Judgement:
    """One sentence, predicted."""

    text: str
    seconds: float
    oddness: float
    is_odd: bool
    level: float
    """Decibels over that of the whole sentence."""

    quality: Quality

    def __str__(self) -> str:
        """Return one line of a table."""
        length = f"{self.text[:12]}… {self.seconds:.1f} s, oddness {self.oddness:.2f}{' (odd)' if self.is_odd else ''}"
        return f"{length}, level {self.level:+.2f} dB, {figures(self.quality)}"


def figures(quality: Quality) -> str:
    """Return the figures of a comparison."""
    noise = f"noise to mask {quality.noise_to_mask:.1f} / {quality.noise_to_mask_95:.1f} dB"
    over = f"{100 * quality.over_mask:.0f} % over the mask"
    return f"SNR {quality.snr:.1f} dB, distance {quality.distance:.2f} dB, {noise}, {over}"


class Judge:
    """Judges a voice's fit by sentences in fp32."""

    def __init__(self, model: Model, texts: Sequence[str]) -> None:
        """Speak the sentences whole."""
        whole = Whole(model, model.stages["generator"])
        self._model = model
        self._texts = texts
        self._sentences = [model.sentence(text) for text in texts]
        self._spoken = [whole.speak(sentence) for sentence in self._sentences]
        self.expected = [audio for audio, _, _ in self._spoken]
        """The sound of each sentence."""

    def predicted(self, predictor: Predictor) -> list[Judgement]:
        """Return what predicted statistics do to each sentence, in fp32."""
        generator = self._model.session(self._model.stages["generator"])
        found = []
        for text, sentence, expected in zip(self._texts, self._sentences, self.expected, strict=True):
            guess = predictor.prediction(sentence.features)
            [audio] = generator.run(["audio"], with_statistics(sentence, guess.means, guess.squares))
            level = 20 * np.log10(audio.std() / expected.std())
            latent, melody = sentence.sound["latent"], sentence.melody
            is_odd = predictor.predict(latent, melody["f0"], melody["energy"], melody["style"]) is None
            quality = compare(expected, audio.ravel(), RATE)
            found.append(Judgement(text, len(expected) / RATE, guess.oddness, is_odd, float(level), quality))
        return found

    def in_integers(self, ranges: Mapping[str, Ranges]) -> dict[str, tuple[Quality, str | None]]:
        """Return what each stage in integers, and both, do to the sentences, and why the gate refuses that."""
        found = {}
        models = {stage: self._model.in_integers(stage, plan) for stage, plan in ranges.items()}
        for tried in [*([stage] for stage in models), list(models)]:
            stages = {name: models[name] if name in tried else graph for name, graph in self._model.stages.items()}
            blocks, generator = (self._model.session(stages[name]) for name in ("blocks", "generator"))
            quality = compare(joined(self.expected), joined(self._through(blocks, generator)), RATE)
            found[" and ".join(tried)] = (quality, refusal(quality))
        return found

    def times(self, ranges: Mapping[str, Ranges]) -> dict[str, tuple[float, float]]:
        """Return for each stage the processor's seconds for a second of sound, in fp32 and in integers."""
        sentence = self._sentences[-1]
        _, means, squares = self._spoken[-1]
        feeds = {"blocks": sentence.melody, "generator": with_statistics(sentence, means, squares)}
        found = {}
        for stage, plan in ranges.items():
            forms = [self._model.stages[stage], self._model.in_integers(stage, plan)]
            sessions = [self._model.session(form) for form in forms]
            seconds = [min(_times(_runner(each, feeds[stage]))) for each in sessions]
            found[stage] = (seconds[0] * RATE / len(self.expected[-1]), seconds[1] * RATE / len(self.expected[-1]))
        return found

    def _through(self, blocks: Session, generator: Session) -> list[Floats]:
        found = []
        for sentence, (_, means, squares) in zip(self._sentences, self._spoken, strict=True):
            [latent] = blocks.run(["latent"], sentence.melody)
            changed = Sentence(sentence.melody, {**sentence.sound, "latent": latent})
            [audio] = generator.run(["audio"], with_statistics(changed, means, squares))
            found.append(audio)
        return found


def _runner(session: Session, feeds: Feeds) -> Callable[[], object]:
    return lambda: session.run(session.outputs, feeds)


def _times(run: Callable[[], object], count: int = 4) -> list[float]:
    """Return the processor's seconds of ``count`` runs after a first one."""
    run()
    found = []
    for _ in range(count):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return found
