// The voices: the choice of one, the table of all, those that are coming; and whether the server answers at all.

import * as api from "./api.js";
import { byId, element } from "./dom.js";
import { number, t } from "./strings.js";

const SOON = 2000; // milliseconds between two looks while something is coming, or the server is away
const LATER = 15000;

export class Voices {
  all = [];
  #coming = [];
  #default = "";
  #version = "";
  #on;
  #timer = 0;
  #isAway = false;

  /** `on` has chosen(), gone(name, other), away(), back() and none(). */
  constructor(on) {
    this.#on = on;
    byId("voice").addEventListener("change", () => {
      this.#showStyles();
      on.chosen();
    });
    byId("style").addEventListener("change", () => on.chosen());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.refresh();
    });
  }

  get voice() {
    return this.all.find(({ name }) => name === byId("voice").value) ?? null;
  }

  get style() {
    return byId("style").value || null;
  }

  /** Choose a voice and style if they are there. */
  choose(name, style) {
    const voice = this.all.find((other) => other.name === name);
    if (!voice) return false;
    byId("voice").value = name;
    this.#showStyles();
    if (voice.styles.includes(style)) byId("style").value = style;
    return true;
  }

  /** Look at the server again, now and from time to time. */
  async refresh() {
    clearTimeout(this.#timer);
    const answer = await api.voices().catch(() => null);
    if (answer) this.#take(answer);
    else this.away();
    clearTimeout(this.#timer);
    const isSoon = this.#isAway || this.#coming.length > 0 || !this.all.length;
    if (!document.hidden) this.#timer = setTimeout(() => this.refresh(), isSoon ? SOON : LATER);
  }

  /** Note that the server does not answer, and look for it soon. */
  away() {
    if (this.#isAway) return;
    this.#isAway = true;
    this.#on.away();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), SOON);
  }

  #take({ voices, coming, default: standard, version }) {
    if (this.#isAway) {
      this.#isAway = false;
      this.#on.back();
    }
    const before = { name: byId("voice").value, style: this.style };
    const hadVoice = this.all.length > 0;
    const isSame = JSON.stringify([voices, standard]) === JSON.stringify([this.all, this.#default]);
    this.all = voices;
    this.#coming = coming;
    this.#default = standard;
    this.#version = version;
    if (!isSame) this.#showChoice(before);
    this.show(isSame);
    if (!voices.length) this.#on.none();
    else if (hadVoice && !voices.some(({ name }) => name === before.name)) this.#on.gone(before.name, byId("voice").value);
    else if (!hadVoice) this.#on.chosen();
  }

  #showChoice({ name, style }) {
    byId("voice").replaceChildren(...this.all.map((voice) => element("option", { value: voice.name }, voice.description || voice.name)));
    byId("voice").disabled = !this.all.length;
    if (!this.choose(name, style) && !this.choose(this.#default, null)) this.choose(this.all[0]?.name, null);
    this.#showStyles(style);
  }

  #showStyles(wanted = null) {
    const styles = this.voice?.styles ?? [];
    byId("style").replaceChildren(...styles.map((style) => element("option", { value: style }, style)));
    byId("style").disabled = styles.length < 2;
    if (styles.includes(wanted)) byId("style").value = wanted;
  }

  /** Show the table and what is coming, in the page's language. */
  show(isSame = false) {
    byId("version").textContent = this.#version;
    this.#showComing();
    if (isSame) return;
    const titles = ["name", "credit", "size", "precision", "fast", "rateHz"];
    const head = element("tr", { role: "row" }, ...titles.map((key) => element("th", { role: "columnheader", scope: "col" }, t(key))));
    byId("voices").setAttribute("role", "table");
    byId("voices").replaceChildren(
      element("thead", { role: "rowgroup" }, head),
      element("tbody", { role: "rowgroup" }, ...this.all.map((voice) => this.#row(voice))),
    );
  }

  #row(voice) {
    const { name, description, credit, size, precision, speed, sample_rate: rate } = voice;
    const badges = [
      name === this.#default && t("defaultVoice"),
      voice.preset && t("presetVoice"),
      !voice.is_ready && t("preparing"),
    ].filter(Boolean);
    const title = element("th", { role: "rowheader", scope: "row" }, element("span", { class: "voice-name" }, description || name));
    if (description && description !== name) title.append(" ", element("code", {}, name));
    title.append(...badges.map((badge) => element("span", { class: "badge" }, badge)));
    const cell = (key, ...children) => element("td", { role: "cell", "data-label": t(key) }, ...children);
    return element(
      "tr",
      { role: "row", "data-voice": name },
      title,
      cell("credit", ...creditOf(credit)),
      cell("size", size ? bytes(size) : t("unknown")),
      cell("precision", precision ?? t("unknown")),
      cell("fast", speed ? t("realTime", { n: number(1 / speed, speed > 0.1 ? 1 : 0) }) : t("unknown")),
      cell("rateHz", `${number(rate)} Hz`),
    );
  }

  #showComing() {
    byId("coming").hidden = !this.#coming.length;
    byId("coming").replaceChildren(
      ...this.#coming.map(({ name, status, done, total }) => {
        const bar = element("progress", { "aria-label": t("downloading", { name }), max: total || null, value: total ? done : null });
        const share = total ? `${bytes(done)} / ${bytes(total)}` : "";
        return element("li", { class: "coming" }, element("b", {}, name), element("span", {}, status), total ? bar : null, element("span", { class: "row-note" }, share));
      }),
    );
  }
}

function creditOf(credit) {
  const { author, url, licence } = credit ?? {};
  const isLink = /^https?:\/\//.test(url ?? "");
  const who = author || url || t("unknown");
  const name = isLink ? element("a", { href: url, target: "_blank", rel: "noreferrer noopener" }, who) : who;
  return licence ? [name, " ", element("span", { class: "licence" }, licence)] : [name];
}

function bytes(count) {
  return count >= 1e9 ? `${number(count / 1e9, 1)} GB` : `${number(count / 1e6, count < 1e7 ? 1 : 0)} MB`;
}
