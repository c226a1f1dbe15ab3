"""How fast and how large the text front end is."""

import os
import statistics
import subprocess
import sys
from functools import partial

from wyoming_hayakoe.cli.bench.figures import Figure, megabytes, milliseconds
from wyoming_hayakoe.text.sentences import split

_REPLIES = """リビングの照明をつけて、カーテンを閉めました。現在の室温は23.5℃、湿度は48%です。
明日は全国的に晴れて、気温が上がるでしょう。洗濯が終わりました、取り出してください。
10分のタイマーをセットしました。玄関の鍵が開いたままになっています。会議は午後3時30分からです。
エアコンの設定温度を26度に変更しました。お風呂が沸くまで、あと5分くらいかかります。"""
_FIRST_UTTERANCE = """\
import time
started = time.perf_counter()
from wyoming_hayakoe.text.frontend import japanese
japanese().read("照明をつけました。")
print(time.perf_counter() - started)"""


def measure() -> list[Figure]:
    """Measure it in this process, and its start in others."""
    starts = [float(subprocess.check_output([sys.executable, "-c", _FIRST_UTTERANCE])) for _ in range(3)]
    before = megabytes(os.getpid())
    from wyoming_hayakoe.text.frontend import japanese  # its memory is measured

    read = japanese().read
    sentences = [sentence for sentence in split(_REPLIES) if sentence.strip()]
    short = [milliseconds(partial(read, sentence)) for sentence in sentences]
    size = sum(map(len, sentences)) / len(sentences)
    memory = megabytes(os.getpid())
    return [
        Figure("import to first utterance, median of 3", statistics.median(starts), "s", "under 0.6"),
        Figure(f"a sentence ({size:.0f} characters), median", statistics.median(short), "ms", "under 1"),
        Figure(
            "2,000 characters in one call, median",
            milliseconds(partial(read, (_REPLIES * 20)[:2000])),
            "ms",
            "under 60",
        ),
        Figure("resident memory of its own", memory["VmRSS"] - before["VmRSS"], "MB", "under 120"),
        Figure("of that anonymous", memory["RssAnon"] - before["RssAnon"], "MB", ""),
    ]
