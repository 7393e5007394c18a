// The board: cards are dragged between columns, moved by keys or by the menu in the card. A move
// shows at once and goes back with the reason when the server refuses. While a card is held, or a
// dialog about one is open, news from others waits.
//   data-board            the board; asks for itself again on the event `live`
//   data-stage            a column (public id of the stage), data-cards the list in it
//   data-zone="won|lost"  where a card is let go to close the deal
//   data-card             a card: data-url, data-seen (the stage it was in), data-needs (what winning asks for)
import Sortable from "sortablejs";
import htmx from "./requests.js";
import { announce, isTyping, on, placeBeside, say, whenPresent } from "./page.js";

const AFTER_S_MS = 1500;
const HOLD_MS = 200; // a finger that scrolls is not one that drags
const board = () => document.querySelector("[data-board]");
const cardsIn = (list) => [...list.querySelectorAll("[data-card]")];
const listsOf = (whole) => [...whole.querySelectorAll("[data-stage] [data-cards]")];
const linkOf = (card) => card?.querySelector("[data-card-link]");
const singleKeys = () => document.documentElement.dataset.singleKeys !== "off";

let dragging = null; // where the held card came from
let asking = null; // the card that an open dialog is about
let underWay = 0;
let isStale = false; // something was moved from here and the board has not been asked for since

// ---- news ---------------------------------------------------------------------------------

const isBusy = () => Boolean(dragging || asking || underWay > 0 || document.querySelector("#board-menu:popover-open"));

/** News waits while a card is held (see live.js); what was moved from here is asked for at the end. */
function hold() {
  const area = board().querySelector("[data-columns-of]");
  if (!area) return;
  if (isBusy()) {
    area.dataset.hold = "";
    return;
  }
  const wasHeld = area.hasAttribute("data-hold");
  delete area.dataset.hold;
  // With an open stream the server tells of the move itself.
  if (isStale && document.documentElement.dataset.liveState !== "open") htmx.trigger(board(), "live");
  isStale = false;
  if (wasHeld) area.dispatchEvent(new CustomEvent("hold-end", { bubbles: true }));
}

function refresh() {
  isStale = true;
  hold();
}

// A fresh board stands where the old one stood: columns scrolled as they were, as many cards loaded.
let places = null;
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt !== board()) return;
  const most = Math.max(0, ...listsOf(board()).map((list) => cardsIn(list).length));
  event.detail.parameters.shown = String(most);
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target !== board()) return;
  const columns = listsOf(board()).map((list) => [list.closest("[data-stage]").dataset.stage, list.scrollTop]);
  places = { columns: new Map(columns), left: board().querySelector("[data-columns-of]")?.scrollLeft ?? 0 };
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== board() || !places) return;
  for (const list of listsOf(board())) list.scrollTop = places.columns.get(list.closest("[data-stage]").dataset.stage) ?? 0;
  const columns = board().querySelector("[data-columns-of]");
  if (columns) columns.scrollLeft = places.left;
  places = null;
  rove(board());
});

// ---- moving -------------------------------------------------------------------------------

const placeOf = (card) => ({ list: card.parentElement, before: card.nextElementSibling });

function putBack(card, { list, before }) {
  list.insertBefore(card, before?.parentElement === list ? before : null);
  linkOf(card)?.focus({ preventScroll: true });
}

/** Ask the server; whether it agreed. Its words are said either way. */
async function send(url, values) {
  underWay += 1;
  hold();
  try {
    const answer = await fetch(url, {
      method: "POST",
      body: new URLSearchParams({ ...values, _from: "board" }),
      headers: { "HX-Request": "true", "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content },
    });
    const said = Object.entries(JSON.parse(answer.headers.get("HX-Trigger") ?? "{}"));
    for (const [name, detail] of said) announce(name, detail);
    const to = answer.headers.get("HX-Redirect");
    if (to) location.assign(to);
    if (!answer.ok && answer.status !== 422 && said.length === 0) announce("toast", { tone: "bad", message: say("failed") });
    return answer.status;
  } catch {
    announce("toast", { tone: "bad", message: say("offline") });
    return 0;
  } finally {
    underWay -= 1;
    queueMicrotask(hold);
  }
}

/** The card lies in its new column already; say so to the server. */
async function settle(card, list, from) {
  const stage = list.closest("[data-stage]").dataset.stage;
  linkOf(card)?.focus({ preventScroll: true });
  const after = card.previousElementSibling?.dataset.card ?? "";
  card.setAttribute("aria-busy", "true");
  const status = await send(`${card.dataset.url}/stage`, { stage, seen: card.dataset.seen, after });
  card.removeAttribute("aria-busy");
  if (status >= 200 && status < 300) card.dataset.seen = stage;
  else putBack(card, from);
  refresh();
}

async function close(card, outcome, from) {
  if (outcome === "won" && !card.dataset.needs) {
    const status = await send(`${card.dataset.url}/win`, { seen: card.dataset.seen });
    if (status >= 200 && status < 300) {
      card.remove();
      refresh();
      return;
    }
    if (status !== 422) {
      putBack(card, from);
      refresh();
      return;
    }
  }
  asking = { card, from };
  hold();
  const url = `${card.dataset.url}/${outcome === "won" ? "win" : "loss"}?_from=board&seen=${card.dataset.seen}`;
  await htmx.ajax("GET", url, { target: "#dialog", swap: "innerHTML" });
  if (!document.getElementById("dialog").open) endAsking({ isDone: false });
}

function endAsking({ isDone }) {
  if (!asking) return;
  const { card, from } = asking;
  asking = null;
  if (isDone) {
    card.remove();
    refresh();
  } else {
    putBack(card, from);
    hold();
  }
}

document.addEventListener("board-done", () => endAsking({ isDone: true }));
document.addEventListener(
  "close",
  (event) => {
    if (event.target.id === "dialog") endAsking({ isDone: false });
  },
  true,
);

function moveTo(card, column) {
  const list = column?.querySelector("[data-cards]");
  if (!list || list === card.parentElement) return;
  const from = placeOf(card);
  list.prepend(card);
  list.scrollTop = 0;
  linkOf(card)?.focus({ preventScroll: true });
  column.scrollIntoView({ block: "nearest", inline: "nearest" });
  settle(card, list, from);
}

// ---- dragging -----------------------------------------------------------------------------

whenPresent("[data-board] [data-cards]", (list) => {
  if (!list.dataset.zone && !list.closest("[data-board]").hasAttribute("data-may-move")) return;
  Sortable.create(list, {
    group: "deals",
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
      dragging = placeOf(item);
      board().classList.add("is-dragging");
      hold();
    },
    onMove({ to }) {
      for (const one of board().querySelectorAll(".is-over")) one.classList.remove("is-over");
      (to.closest("[data-stage]") ?? to).classList.add("is-over");
    },
    onEnd({ item, from, to }) {
      const came = { list: from, before: dragging?.before };
      dragging = null;
      board().classList.remove("is-dragging");
      for (const one of board().querySelectorAll(".is-over")) one.classList.remove("is-over");
      if (to === from && item.nextElementSibling === came.before) hold();
      else if (to.dataset.zone) close(item, to.dataset.zone, came);
      else settle(item, to, came);
    },
  });
});

// A card that was dragged is not opened by the click that ends the drag.
on("dragstart", "[data-card] a", (event) => event.preventDefault());

// ---- the menu in the card -----------------------------------------------------------------

let menuOf = null;

on("click", "[data-card-menu]", (event, opener) => {
  const menu = document.getElementById("board-menu");
  if (!menu || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  menuOf = opener.closest("[data-card]");
  const here = menuOf.closest("[data-stage]").dataset.stage;
  for (const item of menu.querySelectorAll("[data-to]")) item.disabled = item.dataset.to === here;
  menu.showPopover();
  menu.dataset.placed = "1";
  placeBeside(menu, opener);
  hold();
  menu.querySelector("[role=menuitem]:not([disabled])")?.focus();
});

document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.id !== "board-menu" || event.newState !== "closed") return;
    if (document.activeElement === document.body) menuOf?.querySelector("[data-card-menu]")?.focus();
    hold();
  },
  true,
);

on("click", "#board-menu [data-to]", (_event, item) => {
  if (!menuOf) return;
  const to = item.dataset.to;
  if (to === "won" || to === "lost") close(menuOf, to, placeOf(menuOf));
  else moveTo(menuOf, columnOf(to));
});

const columnOf = (stage) => board().querySelector(`[data-stage="${CSS.escape(stage)}"]`);

// ---- keys ---------------------------------------------------------------------------------

/** One card is in the tab order; the arrows go on from there. */
function rove(whole, link = null) {
  const links = [...whole.querySelectorAll("[data-card-link]")];
  const chosen = link ?? links.find((one) => one === document.activeElement) ?? links[0];
  for (const one of links) one.tabIndex = one === chosen ? 0 : -1;
}
whenPresent("[data-board]", (whole) => rove(whole));
on("focusin", "[data-board] [data-card-link]", (_event, link) => rove(board(), link));

function focusCard(card) {
  const link = linkOf(card);
  if (!link) return;
  link.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function beside(card, { down = 0, across = 0 }) {
  const lists = listsOf(board()).filter((list) => cardsIn(list).length > 0);
  if (!card) return lists[0] ? cardsIn(lists[0])[0] : null;
  const cards = cardsIn(card.parentElement);
  const row = cards.indexOf(card);
  if (down) return cards[Math.min(Math.max(row + down, 0), cards.length - 1)];
  const column = lists.indexOf(card.parentElement) + across;
  const next = lists[Math.min(Math.max(column, 0), lists.length - 1)];
  const there = cardsIn(next);
  return there[Math.min(row, there.length - 1)];
}

const STEPS = {
  j: { down: 1 },
  ArrowDown: { down: 1 },
  k: { down: -1 },
  ArrowUp: { down: -1 },
  l: { across: 1 },
  ArrowRight: { across: 1 },
  h: { across: -1 },
  ArrowLeft: { across: -1 },
};
let pressedS = 0;

document.addEventListener("keydown", (event) => {
  const whole = board();
  if (!whole || event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || isTyping(event)) return;
  if (document.querySelector("dialog[open], [popover]:popover-open")) return;
  const card = document.activeElement?.closest("[data-card]") ?? null;
  const isLetter = event.key.length === 1;
  if (isLetter && !singleKeys()) return;
  if (press(event, whole, card)) event.preventDefault();
});

function press(event, whole, card) {
  const { key } = event;
  const afterS = Date.now() - pressedS < AFTER_S_MS;
  if (key !== "Shift") pressedS = 0;
  if (event.altKey) return card && (key === "ArrowLeft" || key === "ArrowRight") && shift(card, key === "ArrowLeft" ? -1 : 1);
  const step = event.shiftKey ? null : STEPS[key];
  if (step) {
    if (!card && key.startsWith("Arrow") && document.activeElement !== document.body) return false;
    focusCard(beside(card, step));
    return true;
  }
  if (!card || !whole.hasAttribute("data-may-move")) return false;
  if (afterS && /^[1-9]$/.test(key)) {
    moveTo(card, whole.querySelectorAll("[data-stage]")[Number(key) - 1]);
    return true;
  }
  const letter = key.toLowerCase();
  if (letter === "s" && !event.shiftKey) pressedS = Date.now();
  else if (letter === "w") close(card, event.shiftKey ? "lost" : "won", placeOf(card));
  else return false;
  return true;
}

function shift(card, by) {
  if (board().hasAttribute("data-may-move")) {
    const columns = [...board().querySelectorAll("[data-stage]")];
    moveTo(card, columns[columns.indexOf(card.closest("[data-stage]")) + by]);
  }
  return true; // the browser would leave the page
}
