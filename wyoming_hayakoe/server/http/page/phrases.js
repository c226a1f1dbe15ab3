// The sentences of the text as accent phrases that can be changed, with undo.

import { COLUMN, accentContour } from "./contour.js";
import { element, placed } from "./dom.js";
import * as model from "./model.js";
import { t, sourceName } from "./strings.js";

const UNDO_LIMIT = 100;

export class PhraseList {
  sentences = [];
  #root;
  #on;
  #past = [];
  #future = [];
  #shown = new Map();

  /** Show phrases in `root`; `on` has changed(), hear(sentence) and openWord(sentence, wordIndex). */
  constructor(root, on) {
    this.#root = root;
    this.#on = on;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  get isEdited() {
    return this.sentences.some(({ isEdited }) => isEdited);
  }

  /** Show what was read, without the way back to what was there before. */
  set(sentences) {
    this.#past = [];
    this.#future = [];
    this.#show(sentences);
  }

  /** Change a sentence, and put the focus where `focus`, [phrase, part], says. */
  edit(before, after, focus = null) {
    if (after === before) return;
    this.replace(this.sentences.map((sentence) => (sentence === before ? after : sentence)));
    if (focus) this.#focus(after, ...focus);
  }

  /** Change several sentences at once. */
  replace(sentences) {
    this.#past = [...this.#past.slice(1 - UNDO_LIMIT), this.sentences];
    this.#future = [];
    this.#show(sentences);
    this.#on.changed();
  }

  undo() {
    this.#step(this.#past, this.#future);
  }

  redo() {
    this.#step(this.#future, this.#past);
  }

  /** Draw everything anew, in another language. */
  redraw() {
    this.#shown.clear();
    this.#show(this.sentences);
  }

  #step(from, to) {
    if (!from.length) return;
    to.push(this.sentences);
    this.#show(from.pop());
    this.#on.changed();
  }

  #show(sentences) {
    this.sentences = sentences;
    const shown = new Map(sentences.map((sentence) => [sentence, this.#shown.get(sentence) ?? this.#sentence(sentence)]));
    this.#shown = shown;
    const wanted = [...shown.values()];
    // Elements that stay keep their focus: only what is new or gone is touched.
    for (const node of [...this.#root.children]) if (!wanted.includes(node)) node.remove();
    wanted.forEach((node, index) => {
      if (this.#root.children[index] !== node) this.#root.insertBefore(node, this.#root.children[index] ?? null);
    });
    this.#root.querySelectorAll("li.phrase").forEach((node, index) => node.setAttribute("data-phrase", index));
  }

  #focus(sentence, phrase, part) {
    const node = this.#shown.get(sentence)?.querySelectorAll("li.phrase")[phrase];
    (node?.querySelector(`[data-focus="${part}"]`) ?? node?.querySelector(".nucleus"))?.focus();
  }

  #sentence(sentence) {
    const phrases = model.phrasesOf(sentence);
    const hear = t("hearSentence", { text: sentence.text.trim() });
    const play = element(
      "button",
      { type: "button", class: "hear", "aria-label": hear, title: hear, click: () => this.#on.hear(sentence) },
      "▶",
    );
    const line = element("ol", { class: "line" }, ...phrases.map((phrase, at) => this.#phrase(sentence, phrases, at)));
    const shown = element("span", { class: "sentence-text", lang: "ja", "aria-hidden": "true" }, sentence.text.trim().slice(0, 60));
    const head = element("div", { class: "sentence-head" }, play, shown);
    return element("li", { class: sentence.isEdited ? "sentence is-edited" : "sentence" }, head, line);
  }

  #phrase(sentence, phrases, at) {
    const { morae, accent, start } = phrases[at];
    const contour = accentContour({
      morae,
      accent,
      change: (value) => this.edit(sentence, model.withAccent(sentence, at, value), [at, "nucleus"]),
      devoice: (index) => this.edit(sentence, model.withDevoiced(sentence, start + index), [at, "nucleus"]),
    });
    const body = element(
      "div",
      { class: "phrase-body" },
      contour,
      this.#splits(sentence, morae, at),
      this.#words(sentence, phrases[at]),
    );
    return element("li", { class: "phrase" }, body, this.#boundary(sentence, phrases, at));
  }

  /** Return the marks between morae. They are one stop of the Tab key; arrow keys go from one to the next. */
  #splits(sentence, morae, at) {
    const group = placed(element("div", { class: "splits" }), { width: `${morae.length * COLUMN}px` });
    for (let index = 1; index < morae.length; index++) {
      const name = t("divide", { left: morae[index - 1].kana, right: morae[index].kana });
      const button = element("button", {
        type: "button",
        class: "split",
        tabindex: index === 1 ? "0" : "-1",
        "data-focus": `split-${index}`,
        "aria-label": name,
        title: name,
        click: () => this.edit(sentence, model.divided(sentence, at, index), [at, "join"]),
      });
      group.append(placed(button, { left: `${index * COLUMN}px` }));
    }
    group.addEventListener("keydown", (event) => {
      const step = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[event.key];
      const next = step && event.target[step];
      if (!next) return;
      event.preventDefault();
      event.target.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
    return group;
  }

  #words(sentence, { words }) {
    const buttons = words
      .filter((word) => word.morae > 0)
      .map((word) => {
        const name = t("wordButton", { surface: word.surface });
        const source = t("wordSource", { source: sourceName(word.source) });
        const button = element(
          "button",
          {
            type: "button",
            class: "word",
            "data-word": word.index,
            "data-source": word.source || null,
            "data-focus": `word-${word.index}`,
            "aria-label": name,
            title: word.source ? `${name}\n${source}` : name,
            click: () => this.#on.openWord(sentence, word.index),
          },
          word.surface,
        );
        return placed(button, { width: `${word.morae * COLUMN - 4}px` });
      });
    return element("div", { class: "words", lang: "ja" }, ...buttons);
  }

  /** Return what stands behind a phrase: its mark at the sentence's end, else the boundary to the next phrase. */
  #boundary(sentence, phrases, at) {
    const { mark } = phrases[at];
    if (at + 1 === phrases.length) return element("div", { class: "boundary is-end", lang: "ja" }, mark);
    const kana = model.kanaOf(phrases[at].morae);
    const name = t("join", { left: kana, right: model.kanaOf(phrases[at + 1].morae) });
    const join = element("button", { type: "button", class: "join", "data-focus": "join", "aria-label": name, title: name });
    const rest = element(
      "button",
      {
        type: "button",
        class: "rest",
        lang: "ja",
        "data-focus": "rest",
        "aria-pressed": String(mark !== ""),
        "aria-label": t("restAfter", { kana }),
        title: t("restAfter", { kana }),
        click: () => this.edit(sentence, model.withRest(sentence, at, mark === ""), [at, "rest"]),
      },
      mark || "、",
    );
    this.#letMove(join, sentence, at);
    return element("div", { class: "boundary" }, join, rest);
  }

  #letMove(join, sentence, at) {
    const shift = (steps) => this.edit(sentence, model.shifted(sentence, at, steps), [at, "join"]);
    let from = null;
    let isMoved = false;
    join.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      from = event.clientX;
      isMoved = false;
      join.setPointerCapture(event.pointerId);
    });
    join.addEventListener("pointermove", (event) => {
      if (from === null) return;
      isMoved ||= Math.abs(event.clientX - from) > COLUMN / 4;
      if (isMoved) placed(join, { translate: `${event.clientX - from}px` });
    });
    join.addEventListener("pointerup", (event) => {
      if (from !== null && isMoved) shift(Math.round((event.clientX - from) / COLUMN));
      from = null;
      placed(join, { translate: "none" });
    });
    join.addEventListener("click", () => {
      if (!isMoved) this.edit(sentence, model.joined(sentence, at), [at, "nucleus"]);
      isMoved = false;
    });
    join.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!steps) return;
      event.preventDefault();
      shift(steps);
    });
  }
}
