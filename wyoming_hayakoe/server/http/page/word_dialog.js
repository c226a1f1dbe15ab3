// The dialog in which a word gets another reading: to hear, for this text alone, or saved for good.

import * as api from "./api.js";
import { accentContour } from "./contour.js";
import { byId } from "./dom.js";
import * as model from "./model.js";
import { sourceName, t } from "./strings.js";

const TYPING = 250; // milliseconds without a key, after which a reading is checked
const KANA = /^[ぁ-ゖァ-ヺー・]+$/;
// The particle that lets hear whether the pitch falls behind the last mora.
const PARTICLE = { morae: [{ kana: "ガ", devoiced: false }], words: [{ surface: "が", morae: 1, source: "" }] };

export class WordDialog {
  #dialog = byId("word");
  #on;
  #word = null;
  #morae = [];
  #timer = 0;
  #asked = 0;

  /** `on` has hear(sentences), use(word, morae, accent), saved(word) and failed(error), which returns a line. */
  constructor(on) {
    this.#on = on;
    byId("reading").addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#check(), TYPING);
    });
    byId("accent").addEventListener("input", () => this.#draw());
    byId("hear-word").addEventListener("click", () => this.#act(() => this.#hear()));
    byId("use-word").addEventListener("click", () => this.#act(() => this.#use()));
    byId("word-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#act(() => this.#save());
    });
    byId("close-word").addEventListener("click", () => this.#dialog.close());
    // A click beside the dialog closes it, as Escape does.
    this.#dialog.addEventListener("mousedown", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
  }

  /**
   * Open for a word {surface, morae, accent, source, sentence?, index?}; without a surface for a new word. Only a word
   * of a sentence can be changed here alone.
   */
  open(word) {
    this.#word = word;
    this.#morae = word.morae;
    const isNew = !word.surface;
    byId("word-title").textContent = isNew ? t("newWordTitle") : t("wordTitle", { surface: word.surface });
    byId("word-source").textContent = word.source ? t("wordSource", { source: sourceName(word.source) }) : "";
    byId("surface").value = word.surface;
    byId("surface-field").hidden = !isNew;
    byId("reading").value = model.kanaOf(word.morae);
    byId("accent").value = word.accent;
    byId("use-word").hidden = !word.sentence;
    this.#complain("");
    this.#draw();
    this.#dialog.showModal();
    byId(isNew ? "surface" : "reading").focus();
    byId("reading").select();
  }

  get #accent() {
    return byId("accent").valueAsNumber;
  }

  async #act(action) {
    try {
      await action();
    } catch (error) {
      if (error.name !== "AbortError") this.#complain(error instanceof Problem ? error.message : this.#on.failed(error));
    }
  }

  /** Fetch the morae of what was typed, and draw them. */
  async #check() {
    const asked = ++this.#asked;
    await this.#act(async () => {
      const morae = await this.#moraeTyped();
      if (asked !== this.#asked) return;
      this.#morae = morae;
      byId("accent").value = Math.min(this.#accent || 0, morae.length);
      this.#complain("");
      this.#draw();
    });
  }

  async #moraeTyped() {
    const reading = byId("reading").value.trim();
    if (!KANA.test(reading)) throw new Problem(t("noReading"));
    if (model.katakana(reading) === model.kanaOf(this.#morae)) return this.#morae;
    try {
      return await api.morae(reading);
    } catch (error) {
      throw error.status === 400 ? new Problem(t("noReading")) : error;
    }
  }

  /** Return surface, morae and accent as they are typed, or say what is wrong with them. */
  async #typed() {
    clearTimeout(this.#timer);
    this.#asked++;
    const surface = byId("surface").value.trim();
    if (!surface) throw new Problem(t("noSurface"));
    const morae = await this.#moraeTyped();
    const accent = this.#accent;
    if (!Number.isInteger(accent) || accent < 0 || accent > morae.length) {
      throw new Problem(t("badAccent", { n: morae.length }));
    }
    this.#morae = morae;
    this.#complain("");
    this.#draw();
    return { surface, morae, accent };
  }

  async #hear() {
    const { surface, morae, accent } = await this.#typed();
    const words = [{ surface, morae: morae.length, source: "" }, ...PARTICLE.words];
    this.#on.hear([{ phrases: [{ accent, mark: "。", morae: [...morae, ...PARTICLE.morae], words }] }]);
  }

  async #use() {
    const { morae, accent } = await this.#typed();
    this.#dialog.close();
    this.#on.use(this.#word, morae, accent);
  }

  async #save() {
    const { surface, morae, accent } = await this.#typed();
    const word = { surface, pronunciation: model.kanaOf(morae), accent };
    const known = (await api.words()).find((other) => other.surface === surface);
    if (known) await api.changeWord(known.id, word);
    else await api.addWord(word);
    this.#dialog.close();
    this.#on.saved(word);
  }

  #draw() {
    const accent = this.#accent;
    const place = byId("word-contour");
    const isSane = Number.isInteger(accent) && accent >= 0 && accent <= this.#morae.length;
    byId("accent").max = this.#morae.length;
    const hadFocus = place.contains(document.activeElement);
    place.replaceChildren();
    if (!this.#morae.length || !isSane) return;
    const change = (value) => {
      byId("accent").value = value;
      this.#draw();
    };
    place.append(accentContour({ morae: this.#morae, accent, change }));
    if (hadFocus) place.querySelector(".nucleus").focus();
  }

  #complain(line) {
    byId("word-problem").textContent = line;
    byId("reading").setAttribute("aria-invalid", String(line !== ""));
  }
}

/** Something typed that cannot be used; its message says what. */
class Problem extends Error {}
