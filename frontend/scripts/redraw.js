// A list drawn again in its place, at another address of its own: how its columns stand has changed, and
// every link, form and page of it shall know. What is selected, where one is and how far it is scrolled stays.
import htmx from "htmx.org";
import { addressOf } from "./page.js";
import { pickRows } from "./lists.js";

// What of the page says the address: links of the layout, controls, table and pages, the bar of many.
const PARTS = [".c-bar_end .c-group", ".c-filters", ".c-listpage_scroll", "#many"];
const EDITING_MS = 300;
const idOf = (row) => addressOf(row).split("?")[0];
let asking = null;

/** The address of this list with some of its parameters changed. */
export function addressWith(changes) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) url.searchParams.set(name, value);
  return url.pathname + url.search;
}

/** Wait: what is under way would be out of date. */
export function stopRedraw() {
  asking?.abort();
}

export async function redraw(url) {
  stopRedraw();
  const mine = new AbortController();
  asking = mine;
  let text = "";
  try {
    const answer = await fetch(url, { signal: mine.signal, headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return location.assign(url);
    text = await answer.text();
    while (document.querySelector("[data-list] .is-editing form")) await pause();
  } catch (failed) {
    // Without a connection the columns stand as they were put; the address has it for the next time.
    if (failed.name !== "AbortError" && !(failed instanceof TypeError)) throw failed;
    return;
  }
  if (!mine.signal.aborted) show(new DOMParser().parseFromString(text, "text/html"));
}

const pause = () => new Promise((done) => setTimeout(done, EDITING_MS));

function show(fresh) {
  const list = document.querySelector("[data-list]");
  const kept = {
    picked: new Set([...list.querySelectorAll("[data-row]:has([data-pick]:checked)")].map(idOf)),
    every: Boolean(list.querySelector("[data-bulk-every]:checked")),
    open: idOf(list.querySelector("[data-row].is-open") ?? list),
    at: placeOf(document.activeElement),
    left: list.querySelector(".c-listpage_scroll").scrollLeft,
    isPicking: document.querySelector("[data-columns]")?.open,
  };
  for (const part of PARTS) {
    const [old, made] = [document.querySelector(part), fresh.querySelector(part)];
    if (!old || !made) continue;
    old.replaceWith(made);
    htmx.process(made);
    htmx.trigger(made, "htmx:load");
  }
  htmx.trigger(list.querySelector("table"), "htmx:afterSettle");
  pickRows(list, kept.picked, kept.every);
  list.querySelector(".c-listpage_scroll").scrollLeft = kept.left;
  if (kept.isPicking) document.querySelector("[data-columns]").open = true;
  for (const row of list.querySelectorAll("[data-row]")) row.classList.toggle("is-open", idOf(row) === kept.open);
  findPlace(list, kept.at)?.focus({ preventScroll: true });
}

/** Where the focus is: on a head, or on a row or one of its cells. */
function placeOf(element) {
  const head = element?.closest?.("[data-head]");
  if (head) return { head: head.dataset.head };
  const row = element?.closest?.("[data-list] [data-row]");
  return row ? { row: idOf(row), cell: element.closest("td")?.dataset.cell } : null;
}

function findPlace(list, at) {
  if (at?.head) {
    const head = list.querySelector(`[data-head="${CSS.escape(at.head)}"]`);
    return head?.querySelector("a") ?? head;
  }
  const row = at && [...list.querySelectorAll("[data-row]")].find((one) => idOf(one) === at.row);
  if (!row) return null;
  for (const one of list.querySelectorAll("[data-row][tabindex]")) one.tabIndex = -1;
  row.tabIndex = 0;
  const cell = at.cell && row.querySelector(`[data-cell="${CSS.escape(at.cell)}"]`);
  if (cell) cell.tabIndex = -1;
  return cell || row;
}
