// A way of speaking as text for other programs: a preset of the configuration, an action of Home Assistant.

import { NEUTRAL } from "./settings.js";

// The preset's own names; its speed is a factor of duration.
const KEYS = { speed: "speed", pitch: "pitch_scale", intonation: "intonation_scale", volume: "volume", pause: "sentence_silence" };

/** Return the [[preset]] table of a configuration file: a voice, or a preset of one, with a style and the sliders' values. */
export function presetToml({ name: voice, base, preset }, style, params) {
  const inherited = Object.entries(preset ?? {}).filter(([key, value]) => key !== "style" && value !== null);
  const values = new Map(inherited);
  for (const [name, key] of Object.entries(KEYS)) {
    if (params[name] !== NEUTRAL[name]) values.set(key, applied(name, params[name], values.get(key)));
  }
  const lines = ["[[preset]]", `name = ${quoted(presetName(voice, style, params))}`, `voice = ${quoted(base ?? voice)}`];
  if (style) lines.push(`style = ${quoted(style)}`);
  for (const [key, value] of values) lines.push(`${key} = ${typeof value === "string" ? quoted(value) : String(value)}`);
  return `${lines.join("\n")}\n`;
}

function applied(name, value, base) {
  if (name === "speed") return rounded((base ?? 1) / value);
  return rounded(name === "pause" ? (base ?? 0) + value : (base ?? 1) * value);
}

function presetName(voice, style, { speed, pitch }) {
  const parts = [voice.replaceAll(":", "-"), style];
  if (speed !== 1) parts.push(speed > 1 ? "fast" : "slow");
  if (pitch !== 1) parts.push(pitch > 1 ? "high" : "low");
  const name = parts.filter(Boolean).join("-");
  return name === voice ? `${name}-mine` : name;
}

/** Return the YAML of an action that says `text`; `notes` become comments. */
export function homeAssistantYaml({ voice, style, text, notes = [] }) {
  const lines = [
    ...notes.map((note) => `# ${note}`),
    "action: tts.speak",
    "target:",
    "  entity_id: tts.hayakoe",
    "data:",
    "  media_player_entity_id: media_player.living_room",
    "  cache: true",
    `  message: ${quoted(text)}`,
    "  options:",
    `    voice: ${quoted(voice)}`,
  ];
  if (style) lines.push(`    speaker: ${quoted(style)}`);
  return `${lines.join("\n")}\n`;
}

// What JSON escapes, TOML's and YAML's quoted strings escape likewise; they also want DEL and the C1 controls so.
function quoted(text) {
  return JSON.stringify(text.toWellFormed?.() ?? text).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const rounded = (value) => Math.round(value * 1000) / 1000;

/** Put text on the clipboard, and return whether that was possible; over plain HTTP browsers have only the old way. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text) {
  const area = document.createElement("textarea");
  const focused = document.activeElement;
  area.value = text;
  area.readOnly = true;
  area.className = "unseen";
  document.body.append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
    focused?.focus();
  }
}
