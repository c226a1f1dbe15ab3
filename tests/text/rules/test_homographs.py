import pytest

from wyoming_hayakoe.text.frontend import japanese
from wyoming_hayakoe.text.phonemes import CONTEXT

FRONT_END = japanese()


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("こんな風に吹く", "コンナフーニフク"),
        ("どんな風だった", "ドンナフーダッタ"),
        ("こんな風が吹く", "コンナカゼガフク"),
        ("涼しい風に当たる", "スズシイカゼニアタル"),
        ("あの方はどなた", "アノカタワドナタ"),
        ("その方がいい", "ソノホーガイイ"),
        ("北の方へ行く", "キタノホーエイク"),
        ("空の箱", "カラノハコ"),
        ("空の色", "ソラノイロ"),
        ("辛い料理", "カライリョーリ"),
        ("辛い思い出", "ツライオモイデ"),
        ("次の表に示す", "ツギノヒョーニシメス"),
        ("表を見る", "ヒョーヲミル"),
        ("表に出る", "オモテニデル"),
        ("何曜日", "ナンヨービ"),
        ("何が", "ナニガ"),
        ("何色にしますか", "ナニイロニシマスカ"),
        ("何色ありますか", "ナンショクアリマスカ"),
        ("金の指輪", "キンノユビワ"),
        ("金の無駄", "カネノムダ"),
        ("O型の人", "オーガタノヒト"),
        ("型にはまる", "カタニハマル"),
        ("金と銀", "キントギン"),
        ("センサーの値は25です", "センサーノアタイワニジューゴデス"),
        ("この値を使う", "コノアタイヲツカウ"),
        ("値が高い", "ネガタカイ"),
        ("対になる", "ツイニナル"),
        ("3対2", "サンタイニ"),
        ("床に就く", "トコニツク"),
        ("床に置く", "ユカニオク"),
    ],
)
def test_readings(text: str, reading: str) -> None:
    assert FRONT_END.read(text).reading == reading


def test_the_source_is_named() -> None:
    sources = {word.surface: word.source for word in FRONT_END.read("こんな風に").words}
    assert sources["風"] == CONTEXT
