// The keyboard layer. Any element with data-key="c", "shift+w", "ctrl+enter" or "g p" is clicked
// (a field is focused) by its key. Single letters are silent while someone types, and altogether
// when the user has switched them off (WCAG 2.1.4). `?` shows what there is.
import { isTyping, on, say } from "./page.js";
import { open } from "./dialogs.js";
import { undoLast } from "./toasts.js";

const SEQUENCE_MS = 1200;
let first = "";
let firstAt = 0;

const singleKeys = () => document.documentElement.dataset.singleKeys !== "off";

/** The stroke of an event as it is written in data-key. */
function strokeOf(event) {
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  const parts = [];
  // AltGr, by which many keyboards write [ and ], reports itself as Ctrl and Alt.
  const isAltGr = event.getModifierState("AltGraph");
  if ((event.ctrlKey && !isAltGr) || event.metaKey) parts.push("ctrl");
  if (event.altKey && !isAltGr) parts.push("alt");
  if (event.shiftKey && (key.length > 1 || /\p{L}|\d/u.test(key))) parts.push("shift");
  return [...parts, key === "escape" ? "esc" : key].join("+");
}

const isVisible = (element) => element.checkVisibility?.({ visibilityProperty: true }) ?? element.offsetParent !== null;

/** The element for a key: inside the open dialog if there is one, else on the page; the last one wins. */
export function elementFor(keys) {
  const scope = document.querySelector("dialog[open]") ?? document;
  const found = [...scope.querySelectorAll(`[data-key="${CSS.escape(keys)}"]`)].filter((one) => isVisible(one) && !one.disabled);
  return found.at(-1);
}

export function press(element) {
  if (element.matches("input:not([type=checkbox]):not([type=radio]), textarea, select")) element.focus();
  else element.click();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const stroke = strokeOf(event);
  const isBare = !/ctrl\+|alt\+/.test(stroke) && stroke !== "esc" && stroke !== "enter";
  if (isBare && (isTyping(event) || !singleKeys())) return;

  const sequence = first && Date.now() - firstAt < SEQUENCE_MS ? `${first} ${stroke}` : "";
  first = "";
  const element = (sequence && elementFor(sequence)) || elementFor(stroke);
  if (element) {
    event.preventDefault();
    press(element);
    return;
  }
  const form = event.target.form ?? event.target.closest?.("form");
  if (stroke === "ctrl+enter" && form) {
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  if (isBare && document.querySelector(`[data-key^="${CSS.escape(stroke)} "]`)) {
    first = stroke;
    firstAt = Date.now();
    return;
  }
  if (stroke === "?" && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    showKeys();
  } else if (stroke === "ctrl+z" && !isTyping(event) && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    undoLast();
  } else if (stroke === "[" || stroke === "]") {
    document.querySelector(`[data-step="${stroke === "[" ? "previous" : "next"}"]`)?.click();
  } else if (stroke === "shift+j" || stroke === "shift+k") {
    document.querySelector(`[data-step="${stroke === "shift+k" ? "previous" : "next"}"]`)?.click();
  }
});

on("click", "[data-keys-open]", showKeys);

/** The cheat sheet, made from what the page has. */
function showKeys() {
  const dialog = document.getElementById("keys");
  const list = dialog.querySelector("[data-keylist]");
  const rows = new Map();
  for (const element of document.querySelectorAll("[data-key]")) {
    if (!isVisible(element)) continue;
    const words = element.dataset.keySays ?? element.getAttribute("aria-label") ?? ownText(element);
    if (words) rows.set(element.dataset.key, words);
  }
  for (const row of document.querySelectorAll("[data-key-row]")) rows.set(row.dataset.keyRow, row.textContent.trim());
  list.replaceChildren(
    ...[...rows].flatMap(([keys, words]) => {
      const term = document.createElement("dt");
      const caps = document.createElement("span");
      caps.className = "c-keys";
      for (const step of keys.split(" ")) {
        for (const cap of step.length > 1 ? step.split("+") : [step]) {
          const kbd = document.createElement("kbd");
          kbd.textContent = cap.length === 1 ? cap.toUpperCase() : cap[0].toUpperCase() + cap.slice(1);
          caps.append(kbd);
        }
      }
      term.append(caps);
      const said = document.createElement("dd");
      said.textContent = words;
      return [term, said];
    }),
  );
  open(dialog);
}

function ownText(element) {
  const copy = element.cloneNode(true);
  for (const extra of copy.querySelectorAll(".c-keys, .c-nav_count, .sr-only")) extra.remove();
  return copy.textContent.trim().replace(/\s+/g, " ") || element.title || say("keys");
}
