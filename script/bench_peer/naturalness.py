"""How natural a voice of Kokoro's is to models of listeners: as published, and as this program speaks it.

What is compared is the whole path from text to sound: with our own reading, with and without our word accent, with the
graph in int8, in windows and with statistics that are predicted. All sounds are brought to one level and to one length
of silence first. Nobody listens here: script/listen makes pages for those who can.
"""

import math
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from script.bench_peer import published_kokoro
from script.trained import ears
from script.trained.nisqa import Listener
from script.trained.packages import folder_of, let_import
from wyoming_hayakoe import TTS
from wyoming_hayakoe.cli.bench.figures import Figure
from wyoming_hayakoe.engine.kokoro.networks import KokoroNetworks
from wyoming_hayakoe.engine.kokoro.phonemes import line
from wyoming_hayakoe.engine.kokoro.synthesizer import SAMPLE_RATE, KokoroSynthesizer
from wyoming_hayakoe.engine.kokoro.voice_files import BUILT_IN, installed
from wyoming_hayakoe.utterance import SynthesisParams, Utterance

SENTENCES = (
    "はい。",
    "承知しました。",
    "いってらっしゃい。",
    "カーテンを開けました。",
    "寝室の電気を消しますか？",
    "牛乳の賞味期限は、あさってまでです。",
    "冷蔵庫のドアが開いたままになっています。",
    "いまの湿度は、四十八パーセントです。",
    "明日の朝は、七時に起こしますね。",
    "加湿器の水が、もうすぐなくなります。",
    "宅配便が届いたようなので、玄関を確認してください。",
    "大変です、台所で煙が見つかりました！",
    "ごめんなさい、もう一度ゆっくり言ってもらえますか？",
    "ロボット掃除機は、居間の掃除を終えて充電台に戻りました。",
    "次の急行は、八時十二分に二番線から発車します。",
    "今夜は冷え込みますので、暖かくしてお過ごしください。",
    "本日の予定は二つ、十時から歯医者、午後二時から打ち合わせです。",
    "お弁当と水筒、それから雨具を忘れずに持っていってくださいね。",
    "関東地方では昼過ぎから雲が広がり、夜には所によって雷を伴った強い雨が降るでしょう。",
    "洗濯機の運転が終わりましたが、乾燥まで続ける場合は、もう一度ボタンを押してから扉を閉めてください。",
)
"""Sentences of a smart home, from one word to two long clauses."""

MEI, PUBLISHED, OURS, FLAT = "mei", "published", "with word accent", "with the model's own melody"
"""Ways of speaking."""

Sound = npt.NDArray[np.float32]
Voices = Mapping[str, Callable[[str], tuple[Sound, int]]]
"""Ways of speaking a text as samples and their rate, by name."""

Judge = Callable[[Sound, int], float]
"""The opinion of one sound at a rate."""

# Level of speech in dB of full scale, and of the least that is speech beside the loudest.
_LEVEL, _SPEECH = -23.0, -40.0
_SILENCE = 0.1
"""Seconds of silence at either end."""


def measure(name: str, options: Mapping[str, Any], nisqa: Path | None) -> list[Figure]:
    """Return what models of listeners think of a voice of Kokoro's in each way of speaking.

    Args:
        name: the voice.
        options: of this program's TTS.
        nisqa: file of the weights of NISQA-TTS, where there is one.

    Raises:
        UsageError: the file is another.
        HayakoeError: a voice cannot speak.
    """
    judges = _judges(nisqa)
    with tempfile.TemporaryDirectory() as data:
        tts = TTS(cache_dir=data, **options).load("mei").load(name).prepare()
        voices = _voices(name, tts, Path(data), options.get("threads"))
        spoken = {way: [even(*speak(text)) for text in SENTENCES] for way, speak in voices.items()}
        whole = _whole(name, tts.front_end.read)
        return [*opinions(spoken, judges), *_damage(spoken[OURS], [even(*whole(text)) for text in SENTENCES])]


def opinions(spoken: Mapping[str, Sequence[tuple[Sound, int]]], judges: Mapping[str, Judge]) -> list[Figure]:
    """Return the mean opinion of each way of speaking the same sentences, and those of the differences between ours."""
    figures = []
    for judge, judged in judges.items():
        found = {way: [judged(*each) for each in sounds] for way, sounds in spoken.items()}
        figures += [Figure(f"{judge}: {way}", statistics.mean(each), "", "") for way, each in found.items()]
        for one, other in ((OURS, PUBLISHED), (OURS, FLAT)):
            if one in found and other in found:
                figures.append(_difference(f"{judge}: {one} less {other}", found[one], found[other]))
    return figures


def even(sound: Sound, rate: int) -> tuple[Sound, int]:
    """Return a sound with 0.1 s of silence at its ends, at a level of speech of -23 dB of full scale."""
    size = np.abs(sound)
    is_speech = size > 10 ** (_SPEECH / 20) * size.max()
    first, last = np.flatnonzero(is_speech)[[0, -1]]
    margin = int(_SILENCE * rate)
    level = 10 * np.log10(np.square(sound[is_speech], dtype=np.float64).mean())
    within = np.pad(sound, margin)[first : last + 1 + 2 * margin] * 10 ** ((_LEVEL - level) / 20)
    return (within / max(1.0, float(np.abs(within).max()))).astype(np.float32), rate


def _difference(what: str, ones: Iterable[float], others: Iterable[float]) -> Figure:
    """Return the mean difference between opinions of the same sentences, with its standard error."""
    differences = [one - other for one, other in zip(ones, others, strict=True)]
    error = statistics.stdev(differences) / math.sqrt(len(differences))
    return Figure(what, statistics.mean(differences), "", f"± {error:.2f}, {len(differences)} sentences")


def _judges(nisqa: Path | None) -> dict[str, Judge]:
    judges: dict[str, Judge] = {}
    try:
        folder_of("speechmos")
        judges["DNSMOS"] = ears.dnsmos
    except FileNotFoundError as error:
        print(f"DNSMOS is left out: {error}", file=sys.stderr)
    if nisqa is None:
        print("NISQA-TTS is left out: give --nisqa FILE, its weights (see script/trained/nisqa.py)", file=sys.stderr)
    else:
        judges["NISQA-TTS"] = Listener(nisqa).opinion
    return judges


def _damage(spoken: Sequence[tuple[Sound, int]], whole: Sequence[tuple[Sound, int]]) -> list[Figure]:
    """Return the opinion of each sentence beside the same whole and in fp32; nothing where PESQ is not installed."""
    try:
        let_import("pesq")
    except FileNotFoundError as error:
        print(f"PESQ is left out: {error}", file=sys.stderr)
        return []
    found = [ears.pesq(one, other, rate) for (one, rate), (other, _) in zip(whole, spoken, strict=True)]
    return [
        Figure("PESQ beside the same whole in fp32, mean", statistics.mean(found), "", ""),
        Figure("PESQ, lowest", min(found), "", SENTENCES[int(np.argmin(found))]),
    ]


def _voices(name: str, tts: TTS, data: Path, threads: int | None) -> Voices:
    published = published_kokoro.TTS("cpu", data, None, threads).load(name, None).speakers[name]

    def by_us(voice: str, **changes: Any) -> Callable[[str], tuple[Sound, int]]:
        return lambda text: _joined(tts.speakers[voice].stream(text, **changes))

    return {
        MEI: by_us("mei"),
        PUBLISHED: lambda text: _joined(published.stream(text)),
        OURS: by_us(name, accent=True),
        FLAT: by_us(name, accent=False),
    }


def _whole(name: str, read: Callable[[str], Utterance]) -> Callable[[str], tuple[Sound, int]]:
    """Return a way of speaking in fp32, each sentence whole and with its own statistics."""
    files = installed(BUILT_IN[name])
    network = KokoroSynthesizer(KokoroNetworks.open(files, None, None), files.styles(), files.vocabulary, None)

    def speak(text: str) -> tuple[Sound, int]:
        spoken = network.speak(line(read(text), files.words()), SynthesisParams(), undivided=True)
        return next(spoken.windows), SAMPLE_RATE

    return speak


def _joined(windows: Iterable[Any]) -> tuple[Sound, int]:
    found = list(windows)
    return np.concatenate([each.data for each in found]).astype(np.float32) / 32768, found[0].sr
