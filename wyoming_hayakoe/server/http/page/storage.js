// What the browser keeps. It may keep nothing (private windows, a full disk): the page then works without.

const PREFIX = "hayakoe.";

export function load(name, otherwise, store = localStorageOrNone()) {
  try {
    const text = store.getItem(PREFIX + name);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** Keep a value, and return whether it could be kept. */
export function save(name, value, store = localStorageOrNone()) {
  try {
    store.setItem(PREFIX + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** Storage of this tab alone: two tabs do not overwrite each other's text. */
export function ofThisTab() {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

/** Call `changed` when another tab saves `name`. */
export function onChangeElsewhere(name, changed) {
  window.addEventListener("storage", (event) => {
    if (event.key === PREFIX + name) changed();
  });
}

function localStorageOrNone() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
