"""Sentences that a voice speaks without a listener: to measure its level, to calibrate and to judge its int8 form.

Plain statements, questions and readings, as a smart home and the news make them. Together the calibration sentences
hold every mora row of Japanese, long vowels, moraic nasals, geminates, numbers and foreign words.
"""

LEVEL = ("おはようございます。", "今日は全国的に晴れて、暖かくなるでしょう。", "リビングの照明をつけました。")
"""Sentences by which a voice's level is measured."""

CALIBRATION = (
    *LEVEL,
    "こんばんは。",
    "エアコンの設定温度を二十六度に変更しました。",
    "玄関の鍵が開いています。",
    "洗濯が終わりました。",
    "お風呂が沸きました。",
    "明日の朝七時にアラームを設定しますか？",
    "はい、わかりました。",
    "すみません、よく聞き取れませんでした。",
    "寝室のカーテンを閉めて、電気を消します。",
    "冷蔵庫のドアが五分以上開いたままです！",
    "タイマーが終了しました。",
    "今の気温は十八度、湿度は六十五パーセントです。",
    "午後から雨が降る見込みですので、傘をお持ちください。",
    "次の予定は、午後三時半からの打ち合わせです。",
    "東京から新大阪までの新幹線は、平常どおり運転しています。",
    "昨日の消費電力は、十二点三キロワット時でした。",
    "ガレージのシャッターを閉じますか？",
    "キッチンで煙を検知しました！",
    "郵便受けに荷物が届いています。",
    "買い物リストに牛乳と卵とパンを追加しました。",
    "首相は記者会見で、来年度の予算案について説明しました。",
    "気象庁によりますと、この地震による津波の心配はありません。",
    "百メートル先を、右に曲がってください。",
    "掃除ロボットの充電が残りわずかです。",
    "ええと、ちょっと待ってくださいね。",
    "ピアノの練習をする時間ですよ。",
    "お帰りなさい、今日もお疲れさまでした！",
)
"""Sentences by which the ranges of a voice's values are measured."""

HELD_OUT = (
    "あっ、ケーキとコーヒーが、もう届いたよ！",
    "えっと、バスの切符を二枚、買ってきてもらえますか？",
    "突然、大きな雷が鳴って、停電になりました！",
    "静かな夜は、遠くの波の音が聞こえます。",
)
"""Sentences, none of :data:`CALIBRATION`, by which the int8 forms are judged; by the first alone most often.

Together they hold what shows noise and smearing: silence within a sentence, plosives, geminates, devoiced and long
vowels, a loud exclamation and a soft statement.
"""
