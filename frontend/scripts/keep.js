// A list is found again as it was left: scrolled, with its selection and the row that had the focus.
// By Back, and by the link from a record to its list. After a deed that leads to the same list it
// stays scrolled. Kept for the tab only, for the last lists that were open in it.
import { addressOf, on, whenPresent } from "./page.js";
import { pickRows } from "./lists.js";

const KEY = "lists";
const RETURN = "list-return";
const MOST = 12;
const here = () => location.pathname + location.search;
const idOf = (row) => addressOf(row).split("?")[0];
const read = () => {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? [];
  } catch {
    return [];
  }
};

/** How far everything around the list is scrolled, from the inside out. */
function scrolled(list) {
  const found = [];
  for (let at = list.querySelector("tbody") ?? list; at; at = at.parentElement) found.push(at.scrollTop);
  return found;
}

function scroll(list, places) {
  let at = list.querySelector("tbody") ?? list;
  for (const top of places) {
    if (!at) return;
    if (top) at.scrollTop = top;
    at = at.parentElement;
  }
}

addEventListener("pagehide", () => {
  const list = document.querySelector("[data-list]");
  sessionStorage.setItem("list-left", here());
  if (!list) return;
  const rows = [...list.querySelectorAll("[data-row]")];
  const kept = {
    url: here(),
    scroll: scrolled(list),
    picked: rows.filter((row) => row.querySelector("[data-pick]:checked")).map(idOf),
    every: Boolean(list.querySelector("[data-bulk-every]:checked")),
    row: idOf(list.querySelector("[data-row].is-open") ?? list.querySelector('[data-row][tabindex="0"]') ?? list),
  };
  sessionStorage.setItem(KEY, JSON.stringify([kept, ...read().filter((one) => one.url !== kept.url)].slice(0, MOST)));
});

// The link from a record to the list that it was opened from is a way back, too.
on("click", "a.c-bar_crumb", (_event, link) => sessionStorage.setItem(RETURN, link.pathname + link.search));

let isFirst = true;
whenPresent("[data-list]", (list) => {
  if (!isFirst) return;
  isFirst = false;
  const [entry] = performance.getEntriesByType("navigation");
  const isBack = entry?.type === "back_forward" || sessionStorage.getItem(RETURN) === here();
  const isAgain = sessionStorage.getItem("list-left") === here();
  sessionStorage.removeItem(RETURN);
  const kept = isBack || isAgain ? read().find((one) => one.url === here()) : null;
  if (!kept) return;
  scroll(list, kept.scroll);
  const row = [...list.querySelectorAll("[data-row]")].find((one) => idOf(one) === kept.row);
  if (isBack) {
    pickRows(list, new Set(kept.picked), kept.every);
    if (row && (document.activeElement === document.body || !document.activeElement)) {
      for (const one of list.querySelectorAll("[data-row][tabindex]")) one.tabIndex = -1;
      row.tabIndex = 0;
      row.focus({ preventScroll: true });
    }
  }
});
