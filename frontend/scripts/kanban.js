// A list as a board: a column for each choice of a field. A card is dragged, moved by Alt and an
// arrow, or by the menu in it; the move sets the field as its form does. It shows at once and goes
// back with the reason when the server refuses.
//   data-kanban="size"    the board, with the field that makes its columns; data-may-move
//   data-column="small"   a column: the choice, or "-" for none; data-cards is the list in it
//   data-card             a card: data-url of its record, data-version
import Sortable from "sortablejs";
import htmx from "./requests.js";
import { announce, isTyping, on, placeBeside, say, whenPresent } from "./page.js";

const HOLD_MS = 200; // a finger that scrolls is not one that drags
const EMPTY = "-";
const board = () => document.querySelector("[data-kanban]");
const columns = () => [...board().querySelectorAll("[data-column]")];
const listOf = (column) => column?.querySelector("[data-cards]");
const cardsIn = (list) => [...list.querySelectorAll("[data-card]")];
const linkOf = (card) => card?.querySelector("[data-card-link]");
const mayMove = () => board()?.hasAttribute("data-may-move");
const singleKeys = () => document.documentElement.dataset.singleKeys !== "off";

// ---- moving -------------------------------------------------------------------------------

const placeOf = (card) => ({ list: card.parentElement, before: card.nextElementSibling });

function putBack(card, { list, before }) {
  list.insertBefore(card, before?.parentElement === list ? before : null);
  linkOf(card)?.focus({ preventScroll: true });
}

/** The card lies in its new column already; set the field. */
async function settle(card, from) {
  const choice = card.closest("[data-column]").dataset.column;
  const field = board().dataset.kanban;
  linkOf(card)?.focus({ preventScroll: true });
  card.setAttribute("aria-busy", "true");
  const reason = await send(`${card.dataset.url}/fields/${field}`, { [field]: choice === EMPTY ? "" : choice, version: card.dataset.version });
  card.removeAttribute("aria-busy");
  if (reason === null) await refresh(card.dataset.card);
  else {
    putBack(card, from);
    if (reason) announce("toast", { tone: "bad", message: reason });
  }
}

/** Null where the server agreed, else its reason; empty where it was said already. */
async function send(url, values) {
  try {
    const answer = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(values),
      headers: { "HX-Request": "true", "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content },
    });
    const said = Object.entries(JSON.parse(answer.headers.get("HX-Trigger") ?? "{}"));
    for (const [name, detail] of said) announce(name, detail);
    const to = answer.headers.get("HX-Redirect");
    if (to) location.assign(to);
    if (answer.ok) return null;
    if (said.length > 0) return "";
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return page.querySelector(".c-hint.is-bad, [role=alert]")?.textContent.trim() || say("failed");
  } catch {
    return say("offline");
  }
}

/** Counts and sums are the server's: the board once more, scrolled and focused as it is. */
async function refresh(id) {
  const tops = new Map(columns().map((one) => [one.dataset.column, listOf(one).scrollTop]));
  const left = board().firstElementChild?.scrollLeft ?? 0;
  await htmx.ajax("GET", location.pathname + location.search, { source: board(), target: board(), swap: "innerHTML" });
  for (const one of columns()) listOf(one).scrollTop = tops.get(one.dataset.column) ?? 0;
  if (board().firstElementChild) board().firstElementChild.scrollLeft = left;
  const link = document.getElementById(`card-${id}`);
  rove(link);
  if (document.activeElement === document.body) link?.focus({ preventScroll: true });
}

function moveTo(card, column) {
  const list = listOf(column);
  if (!list || list === card.parentElement) return;
  const from = placeOf(card);
  list.prepend(card);
  column.scrollIntoView({ block: "nearest", inline: "nearest" });
  settle(card, from);
}

// ---- dragging -----------------------------------------------------------------------------

whenPresent("[data-kanban] [data-cards]", (list) => {
  if (!mayMove()) return;
  let before = null;
  Sortable.create(list, {
    group: "kanban",
    sort: false,
    draggable: "[data-card]",
    delay: HOLD_MS,
    delayOnTouchOnly: true,
    touchStartThreshold: 6,
    forceFallback: true,
    fallbackOnBody: true,
    fallbackTolerance: 4,
    animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
    ghostClass: "is-ghost",
    fallbackClass: "is-held",
    scrollSensitivity: 60,
    bubbleScroll: true,
    onStart({ item }) {
      before = item.nextElementSibling;
    },
    onEnd({ item, from, to }) {
      if (to !== from) settle(item, { list: from, before });
    },
  });
});
on("dragstart", "[data-kanban] [data-card] a", (event) => event.preventDefault());

// ---- the menu in the card -----------------------------------------------------------------

let menuOf = null;

on("click", "[data-kanban] [data-card-menu]", (event, opener) => {
  const menu = document.getElementById("kanban-menu");
  if (!menu || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  menuOf = opener.closest("[data-card]");
  const here = menuOf.closest("[data-column]").dataset.column;
  for (const item of menu.querySelectorAll("[data-to]")) item.disabled = item.dataset.to === here;
  menu.showPopover();
  menu.dataset.placed = "1";
  placeBeside(menu, opener);
  menu.querySelector("[role=menuitem]:not([disabled])")?.focus();
});
on("click", "#kanban-menu [data-to]", (_event, item) => {
  const to = columns().find((one) => one.dataset.column === item.dataset.to);
  if (menuOf) moveTo(menuOf, to);
});

// ---- keys ---------------------------------------------------------------------------------

/** One card is in the tab order; the arrows go on from there. */
function rove(link = null) {
  const links = [...board().querySelectorAll("[data-card-link]")];
  const chosen = link ?? links[0];
  for (const one of links) one.tabIndex = one === chosen ? 0 : -1;
}
whenPresent("[data-kanban]", () => rove());
on("focusin", "[data-kanban] [data-card-link]", (_event, link) => rove(link));

const STEPS = { j: [1, 0], ArrowDown: [1, 0], k: [-1, 0], ArrowUp: [-1, 0], l: [0, 1], ArrowRight: [0, 1], h: [0, -1], ArrowLeft: [0, -1] };

function beside(card, [down, across]) {
  const lists = columns().map(listOf).filter((list) => cardsIn(list).length > 0);
  if (!card) return lists[0] ? cardsIn(lists[0])[0] : null;
  const cards = cardsIn(card.parentElement);
  const row = cards.indexOf(card) + down;
  const there = cardsIn(lists[Math.min(Math.max(lists.indexOf(card.parentElement) + across, 0), lists.length - 1)]);
  return there[Math.min(Math.max(row, 0), there.length - 1)];
}

document.addEventListener("keydown", (event) => {
  if (!board() || event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || isTyping(event)) return;
  if (document.querySelector("dialog[open], [popover]:popover-open")) return;
  if (event.key.length === 1 && (!singleKeys() || event.shiftKey)) return;
  const card = document.activeElement?.closest("[data-card]") ?? null;
  const step = STEPS[event.key];
  if (!step || (!card && event.key.startsWith("Arrow") && document.activeElement !== document.body)) return;
  if (event.altKey) {
    if (!card || !event.key.startsWith("Arrow") || !step[1]) return;
    event.preventDefault(); // the browser would leave the page
    const all = columns();
    if (mayMove()) moveTo(card, all[all.indexOf(card.closest("[data-column]")) + step[1]]);
    return;
  }
  event.preventDefault();
  const next = beside(card, step);
  linkOf(next)?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest", inline: "nearest" });
});
