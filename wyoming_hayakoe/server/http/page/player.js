// Plays a streamed WAV through the Web Audio API, each piece as soon as it is here.
//
// No AudioWorklet: browsers have it in secure contexts only, and this page is served by plain HTTP. Each piece is a
// buffer that starts where the one before ends, in a context that has the rate of the sound: so nothing is resampled
// piece by piece, which would click.

import { WavReader } from "./wav.js";

const LEAD = 0.06; // seconds before the first sound, in which the next piece may come
const AHEAD = 20; // seconds of sound ahead of the ear; more is left to the server, which then computes no more
const KEPT = 32e6; // bytes of sound kept for a download

/** What a test wants to know: samples handed to the audio graph since the page is open, and the wait for the last first sound. */
export const measured = { samplesPlayed: 0, firstSoundMs: null };

export class Player {
  #context = null;
  #sources = new Set();
  #abort = null;
  #time = 0;
  analyser = null;
  /** What the sound now playing is, as fetchSound() sets it. */
  key = "";
  /** The last sound that came whole, {key, parts, rate}, if it is not too long. */
  last = null;

  get isPlaying() {
    return this.#abort !== null;
  }

  /** Open the audio device; to be called while the browser handles a click, or it stays silent. */
  open(rate) {
    if (this.#context?.sampleRate === rate && this.#context.state !== "closed") {
      this.#context.resume();
      return;
    }
    this.#context?.close();
    try {
      this.#context = new AudioContext({ sampleRate: rate, latencyHint: "interactive" });
    } catch {
      this.#context = new AudioContext(); // the device does not take this rate
    }
    this.#context.resume();
    this.analyser = this.#context.createAnalyser();
    this.analyser.fftSize = 1024;
    this.analyser.connect(this.#context.destination);
  }

  /** Play what `fetchSound(signal)` answers; `onSound` is called with the milliseconds until the first sound. */
  async play(fetchSound, onSound) {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    measured.firstSoundMs = null;
    const began = performance.now();
    try {
      const response = await fetchSound(abort.signal);
      await this.#stream(response, abort.signal, () => {
        measured.firstSoundMs = performance.now() - began;
        onSound(measured.firstSoundMs);
      });
      await this.#untilHeard(abort.signal);
    } finally {
      if (this.#abort === abort) this.#abort = null;
    }
  }

  stop() {
    this.#abort?.abort();
    this.#abort = null;
    for (const source of this.#sources) {
      source.onended = null;
      source.stop();
      source.disconnect();
    }
    this.#sources.clear();
  }

  async #stream(response, signal, onFirst) {
    const stream = response.body.getReader();
    const wav = new WavReader();
    let parts = [];
    let size = 0;
    this.#time = 0;
    for (;;) {
      const { done, value } = await stream.read();
      if (done || signal.aborted) break;
      const samples = wav.push(value);
      if (!samples.length) continue;
      if (!this.#time) onFirst();
      this.#schedule(samples, wav.rate);
      size += samples.byteLength;
      if (size <= KEPT) parts.push(samples);
      else parts = [];
      while (!signal.aborted && this.#time - this.#context.currentTime > AHEAD) await pause(250);
    }
    signal.throwIfAborted();
    this.last = parts.length ? { key: this.key, parts, rate: wav.rate } : null;
  }

  #schedule(samples, rate) {
    const context = this.#context;
    const buffer = context.createBuffer(1, samples.length, rate);
    const channel = buffer.getChannelData(0);
    for (let index = 0; index < samples.length; index++) channel[index] = samples[index] / 32768;
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.analyser);
    const now = context.currentTime;
    if (this.#time < now) this.#time = now + LEAD; // the first piece, or one that came too late
    source.start(this.#time);
    this.#time += buffer.duration;
    this.#sources.add(source);
    source.onended = () => {
      source.disconnect();
      this.#sources.delete(source);
    };
    measured.samplesPlayed += samples.length;
  }

  async #untilHeard(signal) {
    while (!signal.aborted && this.#sources.size && this.#context.currentTime < this.#time) await pause(60);
    signal.throwIfAborted();
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
