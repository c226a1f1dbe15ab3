// Speaks and saves: the buttons around the player, what they say meanwhile, and what they say when it fails.

import * as api from "./api.js";
import { byId } from "./dom.js";
import { Player } from "./player.js";
import { number, t } from "./strings.js";
import { WavReader, wavFile } from "./wav.js";

const RETRIES = 3; // of a busy server
const RETRY = 1000; // milliseconds before each

export class Speaking {
  #player = new Player();
  #on;
  #download = null;

  /** `on` has failed(error), which shows it, and missing(), which looks for the voices and says whether to try again. */
  constructor(on) {
    this.#on = on;
    byId("stop").addEventListener("click", () => this.stop());
  }

  get isPlaying() {
    return this.#player.isPlaying;
  }

  /** Play what `wanted()` promises: asked again where the voice has vanished. */
  async speak(wanted, rate) {
    try {
      this.#player.open(rate);
    } catch {
      say(t("noAudio"));
      return;
    }
    let hasSound = false;
    let body = null;
    const fetchSound = async (signal) => {
      const response = await this.#fetch(async () => (body = await wanted()), signal);
      this.#player.key = JSON.stringify(body);
      return response;
    };
    const onSound = (milliseconds) => {
      hasSound = true;
      say(t("spoken", { n: number(milliseconds / 1000, 2) }));
    };
    say(t("starting"));
    this.#show(true);
    const scope = drawScope(this.#player);
    try {
      await this.#player.play(fetchSound, onSound);
      if (!hasSound) say(t("silent"));
    } catch (error) {
      if (error.name === "AbortError") return; // another speech, or the stop button, which has said so
      say("");
      this.#player.stop();
      this.#on.failed(hasSound && !(error instanceof api.Failure) ? new BrokenOff() : error);
    } finally {
      scope.stop();
      if (!this.#player.isPlaying) this.#show(false);
    }
  }

  stop() {
    if (!this.#player.isPlaying && !this.#download) return;
    this.#player.stop();
    this.#download?.abort();
    this.#show(false);
    say(t("stopped"));
  }

  /** Save the sound as a file: the one that was just heard, or a new one. */
  async save(wanted, name) {
    this.#download?.abort();
    const abort = new AbortController();
    this.#download = abort;
    byId("stop").disabled = false;
    try {
      const last = this.#player.last;
      const { parts, rate } = last?.key === JSON.stringify(await wanted()) ? last : await this.#collect(wanted, abort.signal);
      if (!parts.length) {
        say(t("silent"));
        return;
      }
      offer(wavFile(parts, rate), name);
      const samples = parts.reduce((sum, part) => sum + part.length, 0);
      say(t("saved", { n: number(samples / rate, 1) }));
    } catch (error) {
      if (error.name === "AbortError") return;
      say("");
      this.#on.failed(error instanceof api.Failure ? error : new BrokenOff());
    } finally {
      if (this.#download === abort) this.#download = null;
      this.#show(this.#player.isPlaying);
    }
  }

  async #collect(wanted, signal) {
    const stream = (await this.#fetch(wanted, signal)).body.getReader();
    const wav = new WavReader();
    const parts = [];
    let samples = 0;
    let told = 0;
    for (;;) {
      const { done, value } = await stream.read();
      if (done) return { parts, rate: wav.rate };
      const part = wav.push(value);
      if (part.length) parts.push(part);
      samples += part.length;
      if (performance.now() - told > 1000) {
        told = performance.now();
        say(t("saving", { n: number(samples / (wav.rate || 1), 0) }));
      }
    }
  }

  /** Ask for sound; a busy server again in a moment, and one that lacks the voice once more with another. */
  async #fetch(wanted, signal) {
    for (let tries = 0; ; tries++) {
      try {
        return await api.speech(await wanted(), signal);
      } catch (error) {
        const mayRetry = error.status === 503 ? tries < RETRIES : error.status === 404 && tries === 0 && (await this.#on.missing());
        if (!mayRetry) throw error;
        if (error.status === 503) await new Promise((resolve) => setTimeout(resolve, RETRY));
        signal.throwIfAborted();
      }
    }
  }

  #show(isPlaying) {
    byId("stop").disabled = !isPlaying && !this.#download;
    byId("speak").classList.toggle("is-playing", isPlaying);
  }
}

/** The sound ended before it was whole. */
export class BrokenOff extends Error {}

/** Say a line where the page tells what it does. */
export function say(line) {
  byId("status").textContent = line;
}

function offer(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/** Draw the sound that is heard, where motion is welcome. */
function drawScope(player) {
  const canvas = byId("scope");
  const context = canvas.getContext("2d");
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let frame = 0;
  const levels = new Array(96).fill(0);
  const draw = () => {
    const wave = new Float32Array(player.analyser?.fftSize ?? 0);
    player.analyser?.getFloatTimeDomainData(wave);
    levels.push(Math.min(1, 3 * Math.sqrt(wave.reduce((sum, value) => sum + value * value, 0) / (wave.length || 1))));
    levels.shift();
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = getComputedStyle(canvas).color;
    levels.forEach((level, index) => {
      const height = Math.max(2, level * canvas.height);
      context.fillRect(index * 5, (canvas.height - height) / 2, 3, height);
    });
    frame = requestAnimationFrame(draw);
  };
  if (!isCalm) frame = requestAnimationFrame(draw);
  return {
    stop() {
      cancelAnimationFrame(frame);
      context.clearRect(0, 0, canvas.width, canvas.height);
    },
  };
}
