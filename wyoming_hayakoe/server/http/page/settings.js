// The sliders.

import { byId } from "./dom.js";
import { number, t } from "./strings.js";

export const NEUTRAL = { speed: 1, pitch: 1, intonation: 1, volume: 1, pause: 0 };
const NAMES = Object.keys(NEUTRAL);

export class Settings {
  constructor(changed) {
    for (const name of NAMES) {
      byId(name).addEventListener("input", () => {
        this.show();
        changed();
      });
    }
    byId("reset").addEventListener("click", () => {
      this.set(NEUTRAL);
      changed();
    });
  }

  get params() {
    return Object.fromEntries(NAMES.map((name) => [name, Number(byId(name).value)]));
  }

  get isNeutral() {
    return NAMES.every((name) => Number(byId(name).value) === NEUTRAL[name]);
  }

  set(params) {
    for (const name of NAMES) byId(name).value = Number.isFinite(params?.[name]) ? params[name] : NEUTRAL[name];
    this.show();
  }

  /** Show the sliders' values beside them, in the page's language. */
  show() {
    for (const name of NAMES) {
      const slider = byId(name);
      const text = t(name === "pause" ? "seconds" : "times", { n: number(Number(slider.value), 2, 1) });
      document.querySelector(`output[for="${name}"]`).textContent = text;
      slider.setAttribute("aria-valuetext", text);
      const [low, high] = [Number(slider.min), Number(slider.max)];
      slider.style.setProperty("--share", `${(100 * (slider.value - low)) / (high - low)}%`);
    }
    byId("reset").disabled = this.isNeutral;
  }
}
