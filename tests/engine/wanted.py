"""Utterances of which something is wanted, and what a voice makes of them."""

from dataclasses import replace

import numpy as np

from wyoming_hayakoe.utterance import Prosody, SynthesisParams, Utterance, WantedProsody
from wyoming_hayakoe.voice import PhoneTiming, Voice, Waveform


def told(utterance: Utterance, prosody: Prosody) -> Utterance:
    """Return what a client sends back that changes nothing: rounded, with no pitch where there is none."""
    each = zip(prosody.seconds, prosody.pitches, strict=True)
    return replace(utterance, wanted=tuple(WantedProsody(round(s, 5), round(hertz, 3) or None) for s, hertz in each))


def longer(utterance: Utterance, **seconds: float) -> Utterance:
    """Return an utterance of which so many seconds more are wanted, by ``p`` and the place of the phone."""
    wanted = list(utterance.wanted)
    for name, more in seconds.items():
        place = int(name[1:])
        wanted[place] = replace(wanted[place], seconds=wanted[place].seconds + more)
    return replace(utterance, wanted=tuple(wanted))


def higher(utterance: Utterance, factor: float, places: range) -> Utterance:
    """Return an utterance of which another pitch of some phones is wanted."""
    wanted = [
        replace(each, pitch=each.pitch * factor) if each.pitch and place in places else each
        for place, each in enumerate(utterance.wanted)
    ]
    return replace(utterance, wanted=tuple(wanted))


def spoken(voice: Voice, utterance: Utterance, params: SynthesisParams) -> tuple[Waveform, list[PhoneTiming]]:
    speech = voice.speak(utterance, params)
    sound = np.concatenate(list(speech.windows))
    return sound, list(speech.timings or ())


def seconds(voice: Voice, utterance: Utterance, params: SynthesisParams) -> float:
    return len(spoken(voice, utterance, params)[0]) / voice.sample_rate


def pitch_ratio(changed: Waveform, usual: Waveform, rate: int) -> float:
    """Return the median factor on the pitch, from a sound to another one of the same rhythm."""
    curves = np.stack([_curve(changed, rate), _curve(usual, rate)])
    voiced = (curves > 0).all(axis=0)
    return float(np.median(curves[0, voiced] / curves[1, voiced]))


def _curve(sound: Waveform, rate: int) -> np.ndarray:
    import pyworld

    wave = sound.astype(np.float64)
    rough, times = pyworld.dio(wave, rate, allowed_range=0.2)
    return pyworld.stonemask(wave, rough, times, rate)
