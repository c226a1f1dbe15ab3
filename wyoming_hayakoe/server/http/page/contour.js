// The pitch of an accent phrase over its morae, with the nucleus as a handle.
//
// The handle is a slider over 0 (flat) to the number of morae. Its steps go round: behind the last mora comes the flat
// phrase, which is also where the pitch draws it, at the end of a line that never falls.

import { drawn, element, placed } from "./dom.js";
import { kanaOf, pitches } from "./model.js";
import { t } from "./strings.js";

export const COLUMN = 38; // pixels of a mora: two phrases of three fit side by side on a phone
const TAIL = 24; // pixels behind the last mora: the pitch of what follows
const HIGH = 16;
const LOW = 48;
const HEIGHT = 64;

/**
 * Return the contour of `morae` with the nucleus at `accent`.
 *
 * `change(accent)` is called when it was moved, `preview(accent)` while it is dragged, `devoice(index)` for a mora whose
 * vowel is to be voiced or not (without it, morae cannot be changed).
 */
export function accentContour({ morae, accent, change, preview = () => {}, devoice = null }) {
  const root = placed(element("div", { class: "contour" }), { width: `${morae.length * COLUMN + TAIL}px` });
  const picture = drawn("svg", { "aria-hidden": "true", width: morae.length * COLUMN + TAIL, height: HEIGHT });
  const handle = element("div", {
    class: "nucleus",
    role: "slider",
    tabindex: "0",
    "data-focus": "nucleus",
    "aria-label": t("accentOf", { kana: kanaOf(morae) }),
    "aria-valuemin": "0",
    "aria-valuemax": String(morae.length),
  });
  const buttons = morae.map((mora, index) => moraButton(mora, index, () => change(index + 1 === accent ? 0 : index + 1)));

  const show = (value) => {
    picture.replaceChildren(...lines(morae, value));
    handle.setAttribute("aria-valuenow", String(value));
    handle.setAttribute("aria-valuetext", value ? t("fallsAfter", { n: value, kana: morae[value - 1].kana }) : t("flat"));
    handle.classList.toggle("is-flat", !value);
    placed(handle, { left: `${value ? (value - 0.5) * COLUMN : morae.length * COLUMN + 8}px` });
    buttons.forEach((button, index) => button.classList.toggle("is-nucleus", index + 1 === value));
    preview(value);
  };
  handle.addEventListener("keydown", (event) => {
    const next = accentByKey(event.key, accent, morae.length);
    if (next !== null) change(next);
    else if (event.key.toLowerCase() === "d" && devoice && accent && !event.ctrlKey && !event.metaKey) devoice(accent - 1);
    else return;
    event.preventDefault();
  });
  letDrag(root, handle, { morae, accent, show, change });
  root.append(picture, handle, element("div", { class: "morae", lang: "ja" }, ...buttons));
  show(accent);
  return root;
}

function moraButton({ kana, devoiced }, index, choose) {
  const name = t("mora", { kana });
  return element(
    "button",
    { type: "button", class: devoiced ? "mora is-devoiced" : "mora", "data-mora": index, tabindex: "-1", "aria-label": name, title: name, click: choose },
    kana,
  );
}

/** Return the nucleus to which a key moves it; null for other keys. */
function accentByKey(key, accent, count) {
  const around = (step) => (accent + step + count + 1) % (count + 1);
  if (key === "ArrowRight" || key === "ArrowUp") return around(1);
  if (key === "ArrowLeft" || key === "ArrowDown") return around(-1);
  if (key === "Home") return 1;
  if (key === "End") return 0;
  return null;
}

function letDrag(root, handle, { morae, accent, show, change }) {
  let dragged = null;
  const accentAt = (event) => {
    const column = Math.floor((event.clientX - root.getBoundingClientRect().left) / COLUMN) + 1;
    return column > morae.length ? 0 : Math.max(1, column);
  };
  handle.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    handle.setPointerCapture(event.pointerId);
    dragged = accent;
    root.classList.add("is-dragged");
  });
  handle.addEventListener("pointermove", (event) => {
    if (dragged === null || accentAt(event) === dragged) return;
    dragged = accentAt(event);
    show(dragged);
  });
  handle.addEventListener("pointerup", () => {
    if (dragged === null) return;
    const chosen = dragged;
    dragged = null;
    root.classList.remove("is-dragged");
    if (chosen !== accent) change(chosen);
  });
  handle.addEventListener("pointercancel", () => {
    dragged = null;
    root.classList.remove("is-dragged");
    show(accent);
  });
}

/** Return the shapes of the pitch: its line, the fall behind the nucleus, and a dot for each mora. */
function lines(morae, accent) {
  const high = pitches(morae.length, accent);
  // A single mora is high before a fall and low without one, which only what follows shows.
  const points = high.map((isHigh, index) => [(index + 0.5) * COLUMN, isHigh ? HIGH : LOW]);
  const last = points.at(-1);
  const end = [morae.length * COLUMN + TAIL - 4, accent ? LOW : HIGH];
  const path = smooth([...points, end]);
  const area = `${path}V${HEIGHT}H${points[0][0]}Z`;
  const shapes = [drawn("path", { class: "area", d: area }), drawn("path", { class: "line", d: path })];
  if (accent) {
    const from = points[accent - 1];
    shapes.push(drawn("path", { class: "fall", d: smooth([from, points[accent] ?? [Math.max(end[0], last[0]), LOW]]) }));
  }
  const dots = points.map(([x, y], index) =>
    drawn("circle", { class: morae[index].devoiced ? "dot is-devoiced" : "dot", cx: x, cy: y, r: 3.5 }),
  );
  return [...shapes, ...dots];
}

function smooth(points) {
  return points
    .map(([x, y], index) => {
      if (!index) return `M${x} ${y}`;
      const [x0, y0] = points[index - 1];
      const middle = (x0 + x) / 2;
      return `C${middle} ${y0} ${middle} ${y} ${x} ${y}`;
    })
    .join("");
}
