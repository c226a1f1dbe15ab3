// Keeps the phrases in step with the text: asks the server for a reading when typing rests.

import * as api from "./api.js";
import { fromServer, mergedEdits } from "./model.js";

const TYPING = 350; // milliseconds without a key
const SENT = 4000; // characters that are sent: more than the server reads at once

export class Reading {
  /** What the server has not read: it is spoken as text. */
  rest = "";
  /** The sentences as the server has read them, without edits. */
  fresh = [];
  #list;
  #on;
  #timer = 0;
  #abort = null;
  #seen = null;
  #wanted = "";

  /** Fill the PhraseList `list`; `on` has voice(), which names the voice, read(), and failed(error). */
  constructor(list, on) {
    this.#list = list;
    this.#on = on;
  }

  /** Whether the phrases are those of `text`. */
  isOf(text) {
    return this.#seen === text;
  }

  /** Read `text` when no other comes for a moment. */
  soon(text) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(text), TYPING);
  }

  /** Read `text`; sentences of `before` that were edited keep their edits where the text has them still. */
  async now(text, before = this.#list.sentences) {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.#wanted = text;
    try {
      const answer = text.trim() ? await api.read(text.slice(0, SENT), this.#on.voice(), abort.signal) : { sentences: [], rest: "" };
      if (this.#abort !== abort) return;
      this.rest = answer.rest + text.slice(SENT);
      this.#seen = text;
      this.fresh = answer.sentences.map(fromServer);
      this.#list.set(mergedEdits(before, this.fresh));
      this.#on.read();
    } catch (error) {
      if (error.name !== "AbortError") this.#on.failed(error);
    }
  }

  /** Read again what could not be read. */
  retry() {
    if (this.#seen !== this.#wanted) this.now(this.#wanted);
  }
}
