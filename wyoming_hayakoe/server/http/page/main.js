// The page: joins its parts.

import { byId } from "./dom.js";
import { copy, homeAssistantYaml, presetToml } from "./exports.js";
import * as model from "./model.js";
import { PhraseList } from "./phrases.js";
import { measured } from "./player.js";
import { Reading } from "./reading.js";
import { Settings } from "./settings.js";
import { History, Words } from "./shelves.js";
import { BrokenOff, Speaking, say } from "./speaking.js";
import { load, ofThisTab, save } from "./storage.js";
import { number, switchTo, t, translate } from "./strings.js";
import { Voices } from "./voices.js";
import { WordDialog } from "./word_dialog.js";

const LIMIT = 50000; // characters that the server speaks at once
const SHOWN = 2000; // characters that it reads for this page

window.hayakoe = measured;

const text = byId("text");
const settings = new Settings(keepDraft);
const list = new PhraseList(byId("phrases"), { changed: editsChanged, hear: hearSentence, openWord });
const reading = new Reading(list, { voice: () => voices.voice?.name, read: showReading, failed });
const speaking = new Speaking({ failed, missing: voiceMissing });
const history = new History(recall);
const words = new Words({ edit: (word) => dialog.open(word), deleted: wordDeleted, changedElsewhere: readAgain, failed });
const voices = new Voices({
  chosen: () => {
    keepDraft();
    complain("");
    reading.now(text.value);
  },
  gone: (name, other) => {
    complain(t("voiceGone", { name, other }));
    keepDraft();
    reading.retry();
  },
  away: () => complain(t("noServer")),
  back: () => {
    complain("");
    say(t("serverBack"));
    reading.retry();
    words.load();
  },
  none: () => complain(t("noVoice")),
});
const dialog = new WordDialog({ hear: (sentences) => speak(sentences), use: useReading, saved: wordSaved, failed: problemOf });

/** Return what the server is to speak: the text as it is, or with the phrases of the sentences that were edited. */
async function spoken() {
  // Of a text that has just changed, only a reading says which edits still apply.
  if (list.isEdited && !reading.isOf(text.value)) await reading.now(text.value);
  const isEdited = reading.isOf(text.value) && list.isEdited;
  const sentences = isEdited ? list.sentences.map(model.toServer) : [{ text: text.value }];
  if (isEdited && reading.rest.trim()) sentences.push({ text: reading.rest });
  return wanted(sentences);
}

function wanted(sentences) {
  return { voice: voices.voice?.name, style: voices.style, params: settings.params, sentences };
}

function speak(sentences) {
  complain("");
  return speaking.speak(() => wanted(sentences), voices.voice?.sample_rate ?? 48000);
}

async function speakText() {
  if (!isSpeakable()) return;
  complain("");
  await speaking.speak(async () => {
    const body = await spoken();
    history.add({ text: text.value, voice: body.voice, style: body.style, params: body.params, edited: editsKept() });
    return body;
  }, voices.voice.sample_rate);
  voices.refresh(); // their speed is known now
}

function isSpeakable() {
  let problem = "";
  if (!voices.voice) problem = t("noVoice");
  else if (!text.value.trim()) problem = t("empty");
  else if (characters() > LIMIT) problem = t("tooLong");
  complain(problem);
  return !problem;
}

function characters() {
  return text.value.length > LIMIT ? [...text.value].length : text.value.length;
}

function hearSentence(sentence) {
  speak([model.toServer(sentence)]);
}

function editsKept() {
  return list.sentences.filter(({ isEdited }) => isEdited).map(model.kept);
}

/** Show a problem until the next action; nothing hides it. */
function complain(line) {
  byId("error").textContent = line;
  byId("error").hidden = !line;
}

function failed(error) {
  const line = problemOf(error);
  complain(line);
  // The server may be away, or have lost the voice: the voices know, and say so.
  if (error.status === 0 || error.status === 404 || error instanceof BrokenOff) voices.refresh();
}

/** Return a failure in the page's language. */
function problemOf(error) {
  if (error instanceof BrokenOff) return t("broken");
  if (error.status === 0) return t("noServer");
  if (error.status === 413) return t("tooLong");
  if (error.status === 503) return t("busy");
  if (error.status >= 500) return t("failed", { detail: error.message });
  if (error.status) return t("refused", { detail: error.message });
  throw error;
}

async function voiceMissing() {
  const name = voices.voice?.name;
  const { style } = voices;
  await voices.refresh();
  return voices.voice !== null && (voices.voice.name !== name || voices.style !== style);
}

function showReading() {
  const isPart = reading.rest.trim() !== "";
  byId("rest").hidden = !isPart && (list.sentences.length > 0 || !text.value.trim());
  byId("rest").textContent = isPart ? t("restNote", { n: number(SHOWN) }) : t("unread");
  showTools();
  keepDraft();
}

function showTools() {
  byId("undo").disabled = !list.canUndo;
  byId("redo").disabled = !list.canRedo;
  byId("reread").disabled = !list.isEdited;
}

function editsChanged() {
  showTools();
  keepDraft();
}

function textChanged() {
  showCount();
  keepDraft();
  reading.soon(text.value);
}

function showCount() {
  byId("count").textContent = t("characters", { n: number(characters()) });
  byId("count").classList.toggle("is-over", characters() > LIMIT);
}

function openWord(sentence, index) {
  const word = sentence.words[index];
  const { at, offset, morae } = model.placeOf(sentence, index);
  const { accent } = sentence.phrases[at];
  const own = accent > offset && accent <= offset + morae.length ? accent - offset : 0;
  dialog.open({ ...word, morae, accent: own, sentence, index });
}

function useReading({ sentence, index }, morae, accent) {
  list.edit(sentence, model.withReading(sentence, index, morae, accent));
}

async function wordSaved(word) {
  say(t("wordSaved", { surface: word.surface, reading: word.pronunciation }));
  // What was edited in sentences with this word is read anew, or the word would not be heard in them.
  const others = list.sentences.filter((sentence) => !sentence.text.includes(word.surface));
  await Promise.all([words.changed(), reading.now(text.value, others)]);
}

function wordDeleted({ surface }) {
  say(t("wordDeleted", { surface }));
  readAgain();
}

function readAgain() {
  reading.now(text.value);
}

function recall({ text: before, voice, style, params, edited }) {
  text.value = before;
  settings.set(params);
  if (!voices.choose(voice, style) && voices.voice) complain(t("voiceGone", { name: voice, other: voices.voice.name }));
  showCount();
  reading.now(before, restored(edited));
  text.focus();
}

function restored(edited) {
  return (Array.isArray(edited) ? edited : []).map((sentence) => ({ ...model.fromServer(sentence), isEdited: true }));
}

function keepDraft() {
  const draft = { text: text.value, voice: voices.voice?.name, style: voices.style, params: settings.params, edited: editsKept() };
  save("draft", draft, ofThisTab());
}

async function copyOut(line, hint) {
  const isCopied = await copy(line);
  byId("copied-hint").textContent = isCopied ? hint : t("notCopied");
  byId("copied-text").textContent = line;
  byId("copied").hidden = false;
}

function copyPreset() {
  const { voice } = voices;
  if (voice) copyOut(presetToml(voice, styleChosen(), settings.params), t("presetHint"));
}

function copyForHomeAssistant() {
  const { voice } = voices;
  if (!voice) return;
  const notes = [!settings.isNeutral && t("haPreset"), list.isEdited && t("haEdits")].filter(Boolean);
  copyOut(homeAssistantYaml({ voice: voice.name, style: styleChosen(), text: text.value, notes }), t("haHint"));
}

/** Return the style, where the voice has several. */
function styleChosen() {
  return voices.voice.styles.length > 1 ? voices.style : null;
}

function step(direction) {
  list[direction]();
  if (direction === "undo") say(t("undone"));
}

function keyPressed(event) {
  if (event.isComposing) return;
  const isCommand = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (isCommand && key === "enter") speakText();
  else if (key === "escape" && !byId("word").open && speaking.isPlaying) speaking.stop();
  else if (isCommand && (key === "z" || key === "y") && !event.target.matches("input, textarea, dialog *")) {
    step(key === "y" || event.shiftKey ? "redo" : "undo");
  } else return;
  event.preventDefault();
}

function listen() {
  text.addEventListener("input", textChanged);
  document.addEventListener("keydown", keyPressed);
  const clicks = {
    speak: speakText,
    undo: () => step("undo"),
    redo: () => step("redo"),
    reread: () => list.replace(reading.fresh),
    download: () => isSpeakable() && speaking.save(spoken, `${voices.voice.name}.wav`),
    "copy-preset": copyPreset,
    "copy-ha": copyForHomeAssistant,
    "copied-close": () => (byId("copied").hidden = true),
    "new-word": () => dialog.open({ surface: "", morae: [], accent: 0, source: "" }),
  };
  for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      switchTo(button.dataset.language);
      showAll();
    });
  }
}

function showAll() {
  settings.show();
  showCount();
  list.redraw();
  words.show();
  history.show();
  voices.show();
  say("");
}

async function start() {
  translate();
  listen();
  const draft = load("draft", null, ofThisTab());
  text.value = draft?.text ?? t("sample");
  settings.set(draft?.params);
  showAll();
  await Promise.all([voices.refresh(), words.load()]);
  voices.choose(draft?.voice, draft?.style);
  await reading.now(text.value, restored(draft?.edited));
}

start();
