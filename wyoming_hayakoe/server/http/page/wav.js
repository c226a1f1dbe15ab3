// WAV of 16-bit mono PCM: read while it arrives, and written.

const HEADER = 44;

/** Takes a WAV apart while it arrives: push() returns the samples of whole frames as Int16Array. */
export class WavReader {
  rate = 0;
  #rest = new Uint8Array(0);

  push(bytes) {
    this.#rest = concatenated(this.#rest, bytes);
    if (!this.rate && !this.#readHeader()) return new Int16Array(0);
    const whole = this.#rest.length & ~1;
    const pcm = this.#rest.slice(0, whole);
    this.#rest = this.#rest.slice(whole);
    return new Int16Array(pcm.buffer);
  }

  #readHeader() {
    const view = new DataView(this.#rest.buffer, this.#rest.byteOffset, this.#rest.length);
    let rate = 0;
    for (let at = 12; at + 8 <= view.byteLength; ) {
      const name = String.fromCharCode(...this.#rest.subarray(at, at + 4));
      if (name === "data") {
        this.rate = rate;
        this.#rest = this.#rest.slice(at + 8);
        return true;
      }
      if (name === "fmt " && at + 16 <= view.byteLength) rate = view.getUint32(at + 12, true);
      at += 8 + view.getUint32(at + 4, true);
    }
    return false;
  }
}

/** Return a WAV file with the lengths of its sound, which a stream's header does not know. */
export function wavFile(parts, rate) {
  const size = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const view = new DataView(new ArrayBuffer(HEADER));
  const write = (at, letters) => [...letters].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  write(0, "RIFF");
  view.setUint32(4, HEADER - 8 + size, true);
  write(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  write(36, "data");
  view.setUint32(40, size, true);
  return new Blob([view, ...parts], { type: "audio/wav" });
}

function concatenated(one, other) {
  if (!one.length) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
