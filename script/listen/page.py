"""The page: pairs of sounds, a form for each, and the answers at the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_STYLE = """
body { font-family: sans-serif; line-height: 1.7; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
fieldset { border: 1px solid #bbb; border-radius: .5rem; margin: 1rem 0; }
legend { font-weight: bold; padding: 0 .5rem; }
.sounds { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; }
.sounds span { display: flex; align-items: center; gap: .4rem; }
label { margin-right: 1rem; white-space: nowrap; }
input[type=text] { width: 100%; box-sizing: border-box; font: inherit; padding: .2rem .4rem; }
textarea { width: 100%; height: 12rem; font: inherit; }
button { font: inherit; padding: .4rem 1rem; }
"""

# What is written into the text field is the only thing that leaves the page, and the listener sends it.
_SCRIPT = """
document.getElementById("collect").addEventListener("click", () => {
  const lines = [...document.querySelectorAll("fieldset")].map((pair, index) => {
    const choice = pair.querySelector("input[type=radio]:checked");
    const remark = pair.querySelector("input[type=text]").value.trim();
    return `${index + 1}\\t${choice ? choice.value : "-"}\\t${remark}`;
  });
  document.getElementById("result").value = lines.join("\\n");
});
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """One sentence that is spoken twice."""

    text: str
    first: str
    """File name of the sound A."""

    second: str
    """File name of the sound B."""

    accented: str
    """``A`` or ``B``: the one with the word accent of the front end."""


def page(voice: str, pairs: Sequence[Pair]) -> str:
    """Return the page as HTML, which needs nothing but the sounds beside it."""
    forms = "\n".join(_form(number, pair) for number, pair in enumerate(pairs, 1))
    answers = "\n".join(f"<li>{pair.accented}</li>" for pair in pairs)
    return f"""<!DOCTYPE html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>アクセントの聞き比べ</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>アクセントの聞き比べ</h1>
<p>音声「{escape(voice)}」が、同じ文を二通りに読みます。違うのは声の高低だけです。
AとBを好きなだけ聞いて、<b>東京の言葉のアクセントとして自然なほう</b>を選んでください。
全部で{len(pairs)}組、10分ほどかかります。ヘッドホンをお勧めします。</p>
<p>AとBの順番は組ごとに入れ替えてあります。答えはいちばん下にありますが、終わるまで開かないでください。</p>
<form onsubmit="return false">
{forms}
</form>
<h2>回答をまとめる</h2>
<p><button id="collect" type="button">まとめる</button> を押すと、回答が下に並びます。コピーして送ってください。</p>
<textarea id="result" aria-label="回答" readonly></textarea>
<h2>答え</h2>
<details>
<summary>アクセントを付けた音声はどちらか（回答のあとで開いてください）</summary>
<ol>
{answers}
</ol>
</details>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _form(number: int, pair: Pair) -> str:
    """Return the sounds of a pair and one line of choices."""
    sounds = "\n".join(
        f'<span>{name} <audio controls preload="none" src="{escape(file)}"></audio></span>'
        for name, file in (("A", pair.first), ("B", pair.second))
    )
    choices = "\n".join(
        f'<label><input type="radio" name="pair{number}" value="{value}"> {wording}</label>'
        for value, wording in (
            ("A", "Aが自然"),
            ("B", "Bが自然"),
            ("=", "どちらも自然"),
            ("x", "どちらも不自然"),
        )
    )
    return f"""<fieldset>
<legend>{number}. {escape(pair.text)}</legend>
<div class="sounds">
{sounds}
</div>
<p>{choices}</p>
<input type="text" aria-label="{number}の気づいた点" placeholder="気になった言葉があれば書いてください（任意）">
</fieldset>"""
