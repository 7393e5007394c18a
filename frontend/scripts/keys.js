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

let scriptsHear = null; // the rows of what the scripts hear, fetched with the first sheet

async function fetchRows(address) {
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true", Accept: "text/html" } });
    if (answer.ok) scriptsHear = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch (failed) {
    if (!(failed instanceof TypeError)) throw failed; // no connection: the sheet has what the page has
  }
}

/** The cheat sheet, made from what the page has: what is under a key, and what the scripts hear. */
async function showKeys() {
  const dialog = document.getElementById("keys");
  if (!scriptsHear) await fetchRows(dialog.dataset.from);
  const groups = new Map();
  const add = (heading, keys, words) => {
    if (!groups.has(heading)) groups.set(heading, new Map());
    if (keys && words) groups.get(heading).set(keys + words, [keys, words]);
  };
  add(say("page"));
  for (const row of [document, scriptsHear].flatMap((one) => [...(one?.querySelectorAll("[data-key-row]") ?? [])])) {
    if (!isThere(row)) continue;
    add(row.closest("[data-key-group]")?.dataset.keyGroup ?? say("page"), heard(row.dataset.keyRow), row.textContent.trim());
  }
  for (const element of document.querySelectorAll("[data-key]")) {
    if (!isVisible(element)) continue;
    const { key } = element.dataset;
    add(say(key.startsWith("g ") ? "goto" : "page"), heard(key), saidOf(element));
  }
  const sections = [...groups].filter(([, rows]) => rows.size > 0).map(([heading, rows]) => {
    const section = document.createElement("section");
    section.append(made("h3", heading));
    const list = made("dl");
    list.className = "c-keylist";
    for (const [keys, words] of rows.values()) {
      const term = made("dt");
      term.append(...shortened(keys.split(",")).map(caps));
      list.append(term, made("dd", words));
    }
    section.append(list);
    return section;
  });
  dialog.querySelector("[data-keylist]").replaceChildren(...sections);
  open(dialog);
}

/** Whether the page has what a row is about. */
function isThere(row) {
  const needs = [row.dataset.keyWhere, row.closest("[data-key-group]")?.dataset.keyWhere].filter(Boolean);
  return needs.every((selector) => [...document.querySelectorAll(selector)].some((one) => one.hidden || isVisible(one)));
}

/** The keys that count: single ones do not where they are switched off. */
function heard(keys) {
  if (singleKeys()) return keys;
  return keys.split(",").filter((one) => one.includes("+") || /^[a-z]\w+$/.test(one)).join(",");
}

/** Several keys with the same Ctrl, Shift or Alt show that once. */
function shortened(all) {
  const withOf = (keys) => keys.slice(0, keys.lastIndexOf("+") + 1);
  return all.map((keys, at) => (at > 0 && withOf(keys) === withOf(all[at - 1]) ? keys.slice(withOf(keys).length) : keys));
}

function caps(keys) {
  const whole = made("span");
  whole.className = "c-keys";
  for (const step of keys.split(" ")) {
    for (const cap of step.length > 1 ? step.split("+") : [step]) {
      const name = cap[0].toUpperCase() + cap.slice(1);
      whole.append(made("kbd", say(`key${name}`) || name));
    }
  }
  return whole;
}

const made = (tag, text = "") => Object.assign(document.createElement(tag), { textContent: text });

/** What an element that has a key is for. */
function saidOf(element) {
  const said = element.dataset.keySays ?? element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent;
  if (said) return said.trim();
  const copy = element.cloneNode(true);
  for (const extra of copy.querySelectorAll(".c-keys, .c-nav_count, .sr-only")) extra.remove();
  return copy.textContent.trim().replace(/\s+/g, " ") || element.title;
}
