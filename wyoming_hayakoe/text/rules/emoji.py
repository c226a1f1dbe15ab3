"""Rules that read emoji by their Japanese names (``--read-emoji``); without them emoji are silent.

The names were written for this table: short, in spoken Japanese, for the emoji of messages at home.
"""

from __future__ import annotations

import re

from wyoming_hayakoe.text.rule import TextRule, rule

_FAMILIES = {
    "faces": """
        😀=笑顔 😃=笑顔 😄=笑顔 😁=にっこり 😆=大笑い 😅=苦笑い 🤣=大笑い 😂=うれし泣き 🙂=ほほえみ
        😉=ウインク 😊=にっこり 😇=天使 🥰=大好き 😍=目がハート 🤩=わくわく 😘=投げキッス 😋=おいしい
        😜=あっかんべー 🤗=ハグ 🤭=くすくす 🤫=しーっ 🤔=考え中 😐=真顔 😑=無表情 😏=にやり 😒=不満
        🙄=あきれ顔 😬=いーっ 😌=ほっとした顔 😔=しょんぼり 😪=眠い 😴=おやすみ 😷=マスク 🤒=熱がある
        🤕=けが 🤧=くしゃみ 🥵=暑い 🥶=寒い 😵=目が回る 🤯=びっくり 🥳=お祝い 😎=サングラス 😕=困り顔
        😟=心配 😮=びっくり 😲=びっくり 😳=照れ顔 🥺=うるうる 😨=不安 😰=冷や汗 😥=がっかり 😢=涙
        😭=大泣き 😱=きゃー 😞=がっかり 😓=冷や汗 😩=へとへと 😫=へとへと 🥱=あくび 😤=ぷんぷん 😡=怒り
        😠=怒り 💀=どくろ 💩=うんち 👻=おばけ 👽=宇宙人 🤖=ロボット
    """,
    "hearts and hands": """
        ❤=ハート 🧡=ハート 💛=ハート 💚=ハート 💙=ハート 💜=ハート 🖤=ハート 🤍=ハート 💕=ハート
        💖=ハート 💗=ハート 💔=失恋 💯=百点 💢=怒り 💥=どかん 💦=汗 💨=ダッシュ 💤=ぐうぐう 👋=バイバイ
        👌=オーケー ✌=ピース 👍=いいね 👎=だめ ✊=グー 👊=パンチ 👏=拍手 🙌=ばんざい 🙏=お願い 💪=力こぶ
        👀=目 👶=赤ちゃん 👦=男の子 👧=女の子 👨=男性 👩=女性 👴=おじいさん 👵=おばあさん 👮=警察官
        🎅=サンタクロース 🙇=おじぎ 🤷=さあ 🙋=はい 🙅=だめ 🙆=オーケー 🏃=ランニング 🚶=散歩 👪=家族
    """,
    "animals and plants": """
        🐶=犬 🐱=猫 🐭=ねずみ 🐰=うさぎ 🦊=きつね 🐻=くま 🐼=パンダ 🐯=とら 🦁=ライオン 🐮=牛 🐷=豚
        🐸=かえる 🐵=さる 🐔=にわとり 🐧=ペンギン 🐦=鳥 🐤=ひよこ 🐝=はち 🦋=ちょう 🐢=かめ 🐟=魚
        🐬=いるか 🐳=くじら 🌸=桜 🌹=ばら 🌻=ひまわり 🌷=チューリップ 🌱=芽 🌲=木 🍀=クローバー
        🍁=もみじ 🍂=落ち葉
    """,
    "sky and weather": """
        🌍=地球 🌙=月 ⭐=星 🌟=きらきら星 ✨=きらきら ☀=晴れ 🌞=太陽 ⛅=晴れのち曇り ☁=曇り 🌧=雨 ☔=雨
        ⛈=雷雨 🌩=雷 ⚡=雷 ❄=雪 ☃=雪だるま ⛄=雪だるま 🌀=台風 🌈=虹 🌊=波 🔥=炎 💧=水滴 🌡=温度計
    """,
    "food": """
        🍎=りんご 🍊=みかん 🍌=バナナ 🍓=いちご 🍇=ぶどう 🍉=すいか 🍑=もも 🍞=パン 🍙=おにぎり
        🍚=ごはん 🍛=カレー 🍜=ラーメン 🍣=寿司 🍤=えびフライ 🍱=弁当 🍕=ピザ 🍔=ハンバーガー
        🍟=フライドポテト 🍰=ケーキ 🎂=誕生日ケーキ 🍫=チョコレート 🍦=ソフトクリーム 🍺=ビール 🍻=乾杯
        🥂=乾杯 🍷=ワイン 🍶=日本酒 ☕=コーヒー 🍵=お茶
    """,
    "play and travel": """
        ⚽=サッカー ⚾=野球 🎾=テニス 🏀=バスケットボール 🏆=トロフィー 🥇=金メダル 🎮=ゲーム 🎵=音符
        🎶=音楽 🎤=マイク 🎬=映画 🎨=絵 🚗=車 🚕=タクシー 🚌=バス 🚃=電車 🚄=新幹線 ✈=飛行機 🚀=ロケット
        🚲=自転車 🚢=船 🚑=救急車 🚒=消防車 🚓=パトカー 🏢=ビル 🏥=病院 🏫=学校 🏪=コンビニ ♨=温泉
        🎁=プレゼント 🎉=おめでとう 🎊=お祝い 🎈=風船 🎄=クリスマスツリー 🎃=ハロウィン 🎍=門松 🎆=花火
        🇯🇵=日本
    """,
    "at home": """
        🏠=家 🏡=家 ⏰=目覚まし時計 ⌚=腕時計 ⏳=砂時計 📱=スマホ 💻=パソコン ☎=電話 📞=電話 📺=テレビ
        📷=カメラ 💡=電球 🔋=電池 🔌=コンセント 🔦=懐中電灯 📖=本 📝=メモ 📅=カレンダー 📌=ピン 🔑=かぎ
        🔒=施錠 🔓=解錠 🔔=ベル 🔕=通知オフ 🚪=ドア 🛏=ベッド 🚿=シャワー 🛁=お風呂 🚽=トイレ 🧹=ほうき
        🧺=洗濯かご 🛒=買い物 💰=お金 📦=荷物 ✉=手紙 📧=メール 📢=お知らせ 🚨=警報 ⚠=注意 🚫=禁止
        ✅=完了 ❌=バツ ⭕=マル ❓=はてな ❗=びっくり 🆗=オーケー 🆕=新しい 💊=薬 💉=注射
    """,
}
NAMES: dict[str, str] = dict(pair.split("=") for family in _FAMILIES.values() for pair in family.split())
"""Emoji (without variation selector) → spoken name."""

# Skin tones and variation selectors, which are not read.
_MODIFIERS = "\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_EMOJI = re.compile(f"(?:{'|'.join(sorted(NAMES, key=len, reverse=True))})[{_MODIFIERS}]*")
_PAUSES = frozenset("、。，．,. !?！？…")


def _names(run: re.Match[str]) -> str:
    names = [NAMES[match[0].rstrip(_MODIFIERS)] for match in _EMOJI.finditer(run[0])]
    spoken = "、".join(dict.fromkeys(names))
    before = run.string[max(0, run.start() - 1) : run.start()]
    after = run.string[run.end() : run.end() + 1]
    return (
        ("、" if before and before not in _PAUSES else "") + spoken + ("、" if after and after not in _PAUSES else "")
    )


RULES: tuple[TextRule, ...] = (
    rule(
        "emoji by name, with pauses, the same one in a row once",
        f"(?:{_EMOJI.pattern})+",
        _names,
        "いい天気☀️☀️です → いい天気、晴れ、です",
        "👍🏽 → いいね",
        "誕生日おめでとう🎂🎉！ → 誕生日おめでとう、誕生日ケーキ、おめでとう！",
        "🇯🇵がんばれ → 日本、がんばれ",
        "今日は、😀 → 今日は、笑顔",
        "今日は晴れ → 今日は晴れ",
    ),
)
