// Sentences as the page edits them: pure functions over values that never change.
//
// A sentence is {text, morae, words, phrases, isEdited}. Its morae and words run through the whole sentence, and its
// phrases are lengths in morae: however a boundary moves, a word comes back as soon as one phrase holds all of it.

const WITH_PREVIOUS = new Set([..."ァィゥェォャュョヮ"]);

/** Return the sentence that the server has read. */
export function fromServer({ text, phrases }) {
  return {
    text,
    morae: phrases.flatMap((phrase) => phrase.morae),
    words: phrases.flatMap(wordsOf),
    phrases: phrases.map(({ morae, accent, mark }) => ({ length: morae.length, accent, mark })),
    isEdited: false,
  };
}

function wordsOf({ words, morae }) {
  const known = words.reduce((sum, word) => sum + word.morae, 0);
  return known === morae.length ? words : [{ surface: kanaOf(morae), morae: morae.length, source: "" }];
}

/** Return the phrases of a sentence in the server's form, each with `start`, its first mora within the sentence. */
export function phrasesOf(sentence) {
  let start = 0;
  return sentence.phrases.map(({ length, accent, mark }) => {
    const phrase = {
      start,
      accent,
      mark,
      morae: sentence.morae.slice(start, start + length),
      words: wordsWithin(sentence, start, start + length),
    };
    start += length;
    return phrase;
  });
}

/** Return the words from mora `first` to before mora `end`; of a word that crosses either, the part inside as kana. */
function wordsWithin({ words, morae }, first, end) {
  const found = [];
  let start = 0;
  words.forEach((word, index) => {
    const stop = start + word.morae;
    const from = Math.max(start, first);
    const to = Math.min(stop, end);
    if (start >= first && stop <= end && (word.morae > 0 || (stop > first || first === 0))) {
      found.push({ ...word, index });
    } else if (from < to) {
      found.push({ surface: kanaOf(morae.slice(from, to)), morae: to - from, source: word.source, index });
    }
    start = stop;
  });
  return found;
}

/** Return what the server needs to speak a sentence: its text, or its phrases where they were edited. */
export function toServer(sentence) {
  if (!sentence.isEdited) return { text: sentence.text };
  return { phrases: phrasesOf(sentence).map(bare) };
}

/** Return a sentence with its phrases, for the history. */
export function kept(sentence) {
  return { text: sentence.text, phrases: phrasesOf(sentence).map(bare) };
}

function bare({ accent, mark, morae, words }) {
  return {
    accent,
    mark,
    morae: morae.map(({ kana, devoiced }) => ({ kana, devoiced })),
    words: words.map((word) => ({ surface: word.surface, morae: word.morae, source: word.source })),
  };
}

/** Return the pitch of each mora, true for high, as Tokyo's accent has it. */
export function pitches(length, accent) {
  return Array.from({ length }, (_, index) => (accent === 1 ? index === 0 : index > 0 && (!accent || index < accent)));
}

export function withAccent(sentence, at, accent) {
  return withPhrases(sentence, replaced(sentence.phrases, at, 1, { ...sentence.phrases[at], accent }));
}

/** Let a rest follow a phrase, or none. */
export function withRest(sentence, at, hasRest) {
  return withPhrases(sentence, replaced(sentence.phrases, at, 1, { ...sentence.phrases[at], mark: hasRest ? "、" : "" }));
}

/** Divide a phrase before its mora `mora`. The fall of the pitch stays where it is. */
export function divided(sentence, at, mora) {
  const { length, accent, mark } = sentence.phrases[at];
  const left = { length: mora, accent: accent <= mora ? accent : 0, mark: "" };
  const right = { length: length - mora, accent: accent > mora ? accent - mora : 0, mark };
  return withPhrases(sentence, replaced(sentence.phrases, at, 1, left, right));
}

/** Join a phrase with the next one. The first fall of the pitch stays. */
export function joined(sentence, at) {
  const [left, right] = sentence.phrases.slice(at, at + 2);
  const accent = left.accent || (right.accent && left.length + right.accent);
  return withPhrases(sentence, replaced(sentence.phrases, at, 2, { length: left.length + right.length, accent, mark: right.mark }));
}

/** Move the boundary behind a phrase by `steps` morae; both keep one at least. */
export function shifted(sentence, at, steps) {
  const [left, right] = sentence.phrases.slice(at, at + 2);
  const by = Math.max(1 - left.length, Math.min(right.length - 1, steps));
  if (!by) return sentence;
  const length = left.length + by;
  const before = { ...left, length, accent: Math.min(left.accent, length) };
  const after = { ...right, length: right.length - by, accent: right.accent && Math.max(1, right.accent - by) };
  return withPhrases(sentence, replaced(sentence.phrases, at, 2, before, after));
}

export function withDevoiced(sentence, mora) {
  const { kana, devoiced } = sentence.morae[mora];
  return { ...sentence, morae: replaced(sentence.morae, mora, 1, { kana, devoiced: !devoiced }), isEdited: true };
}

/** Give a word other morae, and the phrase in which it begins the nucleus that the word has. */
export function withReading(sentence, wordIndex, morae, accent) {
  const word = sentence.words[wordIndex];
  const start = sentence.words.slice(0, wordIndex).reduce((sum, { morae: count }) => sum + count, 0);
  const phrases = [];
  let first = 0;
  let isPlaced = false;
  for (const phrase of sentence.phrases) {
    const end = first + phrase.length;
    const lost = Math.max(0, Math.min(end, start + word.morae) - Math.max(first, start));
    const isHome = !isPlaced && start >= first && start < end;
    const length = phrase.length - lost + (isHome ? morae.length : 0);
    if (length) phrases.push({ ...phrase, length, accent: accentAfter(phrase, { isHome, offset: start - first, word, morae, accent, length }) });
    isPlaced ||= isHome;
    first = end;
  }
  return {
    ...sentence,
    morae: replaced(sentence.morae, start, word.morae, ...morae),
    words: replaced(sentence.words, wordIndex, 1, { ...word, morae: morae.length }),
    phrases,
    isEdited: true,
  };
}

function accentAfter(phrase, { isHome, offset, word, morae, accent, length }) {
  if (!isHome) return Math.min(phrase.accent, length);
  if (accent) return offset + accent;
  const isBehind = phrase.accent > offset + word.morae;
  const isBefore = phrase.accent > 0 && phrase.accent <= offset;
  if (isBehind) return phrase.accent + morae.length - word.morae;
  return isBefore ? phrase.accent : 0;
}

/** Return the place of a word: its phrase, its first mora within the phrase, and its morae. */
export function placeOf(sentence, wordIndex) {
  const start = sentence.words.slice(0, wordIndex).reduce((sum, { morae }) => sum + morae, 0);
  const count = sentence.words[wordIndex].morae;
  const at = phrasesOf(sentence).findIndex((phrase) => start >= phrase.start && start < phrase.start + phrase.morae.length);
  return { at, offset: start - phrasesOf(sentence)[at].start, morae: sentence.morae.slice(start, start + count) };
}

/** Keep the edits of sentences whose text is still there, in their order. */
export function mergedEdits(before, now) {
  const edited = before.filter(({ isEdited }) => isEdited);
  return now.map((sentence) => {
    const index = edited.findIndex(({ text }) => text === sentence.text);
    return index < 0 ? sentence : edited.splice(index, 1)[0];
  });
}

/** Count the morae of a kana string, roughly: before the server has read it. */
export function moraCount(kana) {
  return [...kana].filter((letter) => !WITH_PREVIOUS.has(katakana(letter))).length;
}

export function katakana(text) {
  return text.replace(/[ぁ-ゖ]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0x60));
}

export function kanaOf(morae) {
  return morae.map(({ kana }) => kana).join("");
}

function withPhrases(sentence, phrases) {
  return { ...sentence, phrases, isEdited: true };
}

function replaced(list, at, count, ...items) {
  return [...list.slice(0, at), ...items, ...list.slice(at + count)];
}
