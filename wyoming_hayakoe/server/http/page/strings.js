// What the page says, in Japanese and English. {name} stands for a value.

import { load, save } from "./storage.js";

const STRINGS = {
  skip: ["本文へ移動", "Skip to the text"],
  language: ["言語", "Language"],
  speakTitle: ["話す", "Speak"],
  voice: ["声", "Voice"],
  style: ["スタイル", "Style"],
  text: ["テキスト", "Text"],
  textHint: ["ここに文章を入力", "Type Japanese here"],
  sample: ["雨が上がったら、橋の端で箸を使ってお弁当を食べよう。", "雨が上がったら、橋の端で箸を使ってお弁当を食べよう。"],
  speak: ["話す", "Speak"],
  stop: ["停止", "Stop"],
  settings: ["話し方", "Way of speaking"],
  reset: ["元に戻す", "Reset"],
  speed: ["速さ", "Speed"],
  pitch: ["高さ", "Pitch"],
  intonation: ["抑揚", "Intonation"],
  volume: ["音量", "Volume"],
  pause: ["文の間（追加）", "Rest between sentences"],
  seconds: ["{n} 秒", "{n} s"],
  times: ["{n} 倍", "× {n}"],
  download: ["WAV を保存", "Download WAV"],
  copyPreset: ["プリセットとしてコピー", "Copy as preset"],
  copyHa: ["Home Assistant 用にコピー", "Copy for Home Assistant"],
  close: ["閉じる", "Close"],
  presetHint: [
    "コピーしました。設定ファイル（--config FILE.toml）の最後に貼ると、この話し方が一つの声として選べます。",
    "Copied. At the end of the configuration file (--config FILE.toml), this way of speaking becomes a voice of its own.",
  ],
  haHint: [
    "コピーしました。オートメーションのアクション（YAML で編集）に貼り、media_player を選んでください。",
    "Copied. Paste it as an action of an automation (edit in YAML), and choose the media player.",
  ],
  haPreset: [
    "速さや高さなどは渡せません。プリセットを作り、その名前を voice に書いてください。",
    "Speed, pitch and so on cannot be passed: make a preset, and name it as the voice.",
  ],
  haEdits: [
    "ここで直したアクセントは渡りません。単語を辞書に保存すると、どこでもそう読みます。",
    "Accents changed on the page are not passed on: save the words, and they are read so everywhere.",
  ],
  notCopied: [
    "コピーできませんでした。下の文字を選んでコピーしてください。",
    "The browser does not copy. Select the lines below and copy them.",
  ],
  accents: ["アクセントと読み", "Accent and reading"],
  accentsHint: [
    "赤い丸を動かすとアクセントが、単語をクリックすると読みが変わります。",
    "Move a red dot to change an accent; click a word to change its reading.",
  ],
  undo: ["取り消す", "Undo"],
  redo: ["やり直す", "Redo"],
  reread: ["最初の読みに戻す", "As read at first"],
  undone: ["取り消しました", "Undone"],
  helpTitle: ["ここで直せるもの", "What can be changed here"],
  helpAccent: [
    "アクセント: 赤い丸が、音が下がる直前の拍です。左右に動かすか、拍をクリックします。右端まで動かすと平板になります。",
    "Accent: the red dot is on the last high mora, before the fall. Drag it, or click a mora. At the right end, the phrase is flat.",
  ],
  helpBoundary: [
    "区切り: 拍の間の印で句を分け、句の間の印でつなぎます。つなぐ印は左右に動かせます。「、」で間を入れます。",
    "Boundary: the mark between two morae divides a phrase, the one between two phrases joins them, or moves when dragged. 、 adds a rest.",
  ],
  helpWord: [
    "読み: 単語をクリックすると、読みを直して聞き、辞書に保存できます。",
    "Reading: click a word to change its reading, hear it, and save it in the dictionary.",
  ],
  helpKeys: [
    "キー: 丸の上で ← → はアクセント、D はその拍の無声化。区切りの上で ← → は移動。Ctrl+Enter で話し、Esc で停止、Ctrl+Z で取り消し。",
    "Keys: on the dot, ← → move the accent and D devoices its mora; on a boundary, ← → move it. Ctrl+Enter speaks, Esc stops, Ctrl+Z undoes.",
  ],
  hearSentence: ["「{text}」を聞く", "Hear “{text}”"],
  accentOf: ["「{kana}」のアクセント", "Accent of {kana}"],
  fallsAfter: ["{n} 拍目「{kana}」の後で下がる", "falls after mora {n}, {kana}"],
  flat: ["平板", "flat"],
  mora: ["「{kana}」の後で下げる", "Fall after {kana}"],
  divide: ["「{left}」と「{right}」の間で分ける", "Divide between {left} and {right}"],
  join: ["「{left}」と「{right}」をつなぐ。左右キーで区切りを移動", "Join {left} and {right}; arrow keys move the boundary"],
  restAfter: ["「{kana}」の後の間", "Rest after {kana}"],
  wordButton: ["「{surface}」の読みを直す", "Change how {surface} is read"],
  unread: ["読むところはありません", "Nothing here is read"],
  restNote: [
    "アクセントは初めの {n} 文字まで表示します。残りは文章のまま話します。",
    "Accents are shown for the first {n} characters; the rest is spoken as it is written.",
  ],
  words: ["保存した単語", "Saved words"],
  newWord: ["単語を追加", "New word"],
  noWords: ["まだありません。読みの違う単語をクリックすると保存できます。", "None yet. Click a word that is read wrong to save it."],
  moreWords: ["ほかに {n} 語", "{n} more"],
  deleteWord: ["「{surface}」を削除", "Delete {surface}"],
  editWord: ["「{surface}」を直す", "Edit {surface}"],
  wordDeleted: ["「{surface}」を削除しました", "{surface} is deleted"],
  wordSaved: [
    "「{surface}」を保存しました。これからは{reading}と読みます。",
    "{surface} is saved and is read {reading} from now on.",
  ],
  wordTitle: ["「{surface}」の読み", "How {surface} is read"],
  newWordTitle: ["新しい単語", "New word"],
  wordSource: ["今の読みの出どころ: {source}", "Source of the present reading: {source}"],
  surface: ["表記", "Written as"],
  reading: ["読み（かな）", "Reading in kana"],
  accentField: ["アクセント核（何拍目の後で下がるか。0 は平板）", "Accent nucleus: the mora after which the pitch falls (0: flat)"],
  hear: ["聞く", "Hear"],
  useWord: ["ここだけ直す", "Only here"],
  saveWord: ["辞書に保存", "Save for good"],
  noReading: ["読みをひらがなかカタカナで入れてください", "Give the reading in hiragana or katakana"],
  noSurface: ["表記を入れてください", "Give the word as it is written"],
  badAccent: ["アクセントは 0 から {n} までです", "The accent is a number from 0 to {n}"],
  history: ["履歴", "History"],
  noHistory: ["話した文章がここに残ります（このブラウザーの中だけ）。", "What was spoken stays here, in this browser only."],
  clear: ["消す", "Clear"],
  voices: ["声の一覧", "Voices"],
  name: ["名前", "Name"],
  credit: ["作者・ライセンス", "Author and licence"],
  size: ["大きさ", "Size"],
  precision: ["精度", "Precision"],
  fast: ["この機械での速さ", "Speed on this machine"],
  realTime: ["実時間の {n} 倍", "{n} × real time"],
  rateHz: ["標本化", "Sample rate"],
  defaultVoice: ["標準", "default"],
  presetVoice: ["プリセット", "preset"],
  preparing: ["準備中", "getting ready"],
  unknown: ["—", "—"],
  downloading: ["「{name}」のダウンロード", "Download of {name}"],
  starting: ["準備しています…", "Getting ready…"],
  spoken: ["最初の音まで {n} 秒", "First sound after {n} s"],
  silent: ["読むところがないので、音がありません", "There is nothing to read aloud"],
  stopped: ["止めました", "Stopped"],
  saving: ["保存する音を作っています… {n} 秒", "Making the sound to save… {n} s"],
  saved: ["保存しました（{n} 秒）", "Saved ({n} s)"],
  characters: ["{n} / 50,000 文字", "{n} / 50,000 characters"],
  empty: ["話す文章を入れてください", "Type something to say"],
  tooLong: ["一度に話せるのは 50,000 文字までです", "50,000 characters can be spoken at once"],
  noServer: ["サーバーが応答しません。戻るまで試し続けます。", "The server does not answer. Trying until it is back."],
  broken: ["話している途中で切れました。もう一度「話す」を押してください。", "The sound broke off. Press Speak to try again."],
  serverBack: ["サーバーが戻りました", "The server is back"],
  busy: ["サーバーが混んでいます。少し待ってもう一度どうぞ。", "The server is busy. Try again in a moment."],
  voiceGone: ["声「{name}」はなくなりました。「{other}」で話します。", "The voice {name} is gone. {other} speaks instead."],
  noVoice: ["使える声がまだありません。準備ができるまで待ちます。", "No voice is ready yet. Waiting until one is."],
  noAudio: ["このブラウザーでは音を出せません。「WAV を保存」をお使いください。", "This browser plays no sound here. Use Download WAV."],
  refused: ["サーバーが断りました: {detail}", "The server refuses: {detail}"],
  failed: ["サーバーの誤り: {detail}", "The server failed: {detail}"],
};

const SOURCES = {
  dictionary: "辞書",
  "user dictionary": "保存した単語",
  "context rule": "前後の語による規則",
  number: "数",
  mark: "記号",
  "not in dictionary": "辞書にない語",
};

let language = load("language", null) ?? (preferred() ? "ja" : "en");

function preferred() {
  const tags = (navigator.languages ?? [navigator.language]).map((tag) => tag.slice(0, 2));
  return tags.find((tag) => tag === "ja" || tag === "en") === "ja";
}

export function t(key, values = {}) {
  const line = STRINGS[key][language === "ja" ? 0 : 1];
  return line.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Return the source of a reading in words of the page's language. */
export function sourceName(source) {
  return language === "ja" ? (SOURCES[source] ?? source) : source;
}

/** Return a number with `least` to `most` digits behind the point, as the page's language writes it. */
export function number(value, most = 0, least = 0) {
  return value.toLocaleString(language, { maximumFractionDigits: most, minimumFractionDigits: least });
}

/** Fill in the words of the page's fixed parts. */
export function translate() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
  for (const node of document.querySelectorAll("[data-t-hint]")) node.placeholder = t(node.dataset.tHint);
  for (const node of document.querySelectorAll("[data-language]")) {
    node.setAttribute("aria-pressed", String(node.dataset.language === language));
  }
}

/** Let the page speak another language, for this visit and the next ones. */
export function switchTo(chosen) {
  language = chosen;
  save("language", chosen);
  translate();
}
