// The list of saved words and the history.

import * as api from "./api.js";
import { byId, element } from "./dom.js";
import { kanaOf } from "./model.js";
import { load, onChangeElsewhere, save } from "./storage.js";
import { t } from "./strings.js";

const WORDS_SHOWN = 200;
const HISTORY_LIMIT = 20;

/** The words that are saved on the server, for every client of it. */
export class Words {
  #words = [];
  #on;

  /** `on` has edit(word), deleted(word), changedElsewhere() and failed(error). */
  constructor(on) {
    this.#on = on;
    // Another tab has saved or deleted a word.
    onChangeElsewhere("words", () => {
      this.load();
      on.changedElsewhere();
    });
  }

  async load() {
    try {
      this.#words = await api.words();
      this.show();
    } catch (error) {
      this.#on.failed(error);
    }
  }

  /** Load the words again, and let other tabs do so. */
  async changed() {
    save("words", Date.now());
    await this.load();
  }

  show() {
    const rows = this.#words.slice(0, WORDS_SHOWN).map((word) => this.#row(word));
    const more = this.#words.length - WORDS_SHOWN;
    if (!rows.length) rows.push(element("li", { class: "note" }, t("noWords")));
    if (more > 0) rows.push(element("li", { class: "note" }, t("moreWords", { n: more })));
    byId("words").replaceChildren(...rows);
  }

  #row(word) {
    const { surface, pronunciation, accent } = word;
    const edit = t("editWord", { surface });
    const remove = t("deleteWord", { surface });
    return element(
      "li",
      { class: "row", "data-surface": surface },
      element(
        "button",
        { type: "button", class: "row-main", title: edit, click: () => this.#edit(word) },
        element("span", { lang: "ja", class: "row-title" }, surface),
        element("span", { lang: "ja", class: "row-note" }, pronunciation, " ", element("b", {}, String(accent))),
      ),
      element("button", { type: "button", class: "delete-word quiet", "aria-label": remove, title: remove, click: () => this.#delete(word) }, "✕"),
    );
  }

  async #edit(word) {
    try {
      const morae = await api.morae(word.pronunciation);
      this.#on.edit({ surface: word.surface, morae, accent: Math.min(word.accent, morae.length), source: "" });
    } catch (error) {
      this.#on.failed(error);
    }
  }

  async #delete(word) {
    try {
      await api.removeWord(word.id);
      await this.changed();
      this.#on.deleted(word);
      (document.querySelector("#words button") ?? byId("new-word")).focus();
    } catch (error) {
      this.#on.failed(error);
    }
  }
}

/** What was spoken in this browser: {text, voice, style, params, edited}, the newest first. */
export class History {
  #entries = load("history", []);
  #recall;

  constructor(recall) {
    this.#recall = recall;
    if (!Array.isArray(this.#entries)) this.#entries = [];
    byId("clear-history").addEventListener("click", () => this.#keep([]));
    onChangeElsewhere("history", () => {
      this.#entries = load("history", []);
      this.show();
    });
  }

  add(entry) {
    // Another tab may have added some.
    const others = load("history", []).filter(({ text, voice, style }) => text !== entry.text || voice !== entry.voice || style !== entry.style);
    this.#keep([entry, ...others].slice(0, HISTORY_LIMIT));
  }

  show() {
    const rows = this.#entries.map((entry) => this.#row(entry));
    if (!rows.length) rows.push(element("li", { class: "note" }, t("noHistory")));
    byId("history").replaceChildren(...rows);
    byId("clear-history").disabled = !this.#entries.length;
  }

  #row(entry) {
    const short = entry.text.length > 120 ? `${entry.text.slice(0, 120)}…` : entry.text;
    const edits = (entry.edited ?? []).map(({ phrases }) => phrases.map(({ morae }) => kanaOf(morae)).join(" "));
    const who = [entry.voice, entry.style].filter(Boolean).join(" · ");
    return element(
      "li",
      { class: "row" },
      element(
        "button",
        { type: "button", class: "row-main", title: edits.join("\n") || null, click: () => this.#recall(entry) },
        element("span", { class: "row-title", lang: "ja" }, short),
        element("span", { class: "row-note" }, edits.length ? `${who} ✎` : who),
      ),
    );
  }

  #keep(entries) {
    this.#entries = entries;
    // A browser keeps a few megabytes: the oldest entries make room.
    while (entries.length && !save("history", entries)) entries = entries.slice(0, -1);
    if (!entries.length) save("history", []);
    this.show();
  }
}
