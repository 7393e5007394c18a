// Lists: j k ↑ ↓ move, x selects, Shift+x and Shift+click a range, Ctrl+A all, Enter opens, Space peeks.
// One row is in the tab order (roving focus); the bulk bar shows what is selected.
import { addressOf, announce, isTyping, on, peekOf, say, whenPresent } from "./page.js";

const rowsOf = (list) => [...list.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility?.() ?? true);
const pickOf = (row) => row.querySelector("[data-pick]");
const SECOND_CLICK_MS = 250;
let peekTimer = 0;
const isSingleOff = () => document.documentElement.dataset.singleKeys === "off";

whenPresent("[data-list]", (list) => {
  rove(list, rowsOf(list)[0]);
  count(list);
});
document.addEventListener("htmx:afterSettle", (event) => {
  const list = event.detail.elt.closest?.("[data-list]");
  if (list) {
    if (!list.querySelector('[data-row][tabindex="0"]')) rove(list, rowsOf(list)[0]);
    count(list);
  }
});

function rove(list, row) {
  for (const one of list.querySelectorAll("[data-row][tabindex]")) one.tabIndex = -1;
  if (row) row.tabIndex = 0;
}

const current = (list) => list.querySelector('[data-row][tabindex="0"]');

function move(list, by) {
  const rows = rowsOf(list);
  const at = rows.indexOf(document.activeElement?.closest("[data-row]") ?? null);
  const row = rows[Math.min(Math.max(at + by, 0), rows.length - 1)] ?? current(list);
  if (!row) return;
  rove(list, row);
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  if (document.getElementById("peek")?.hidden === false && peekOf(row)) announce("peek", { url: peekOf(row), row, quiet: true });
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
  const list = event.target.closest?.("[data-list]") ?? document.querySelector("[data-list]");
  if (!list || event.altKey) return;
  const onRow = event.target.matches?.("[data-row]") ? event.target : null;
  const isCommand = event.ctrlKey || event.metaKey;
  const letter = event.key.toLowerCase();
  let done = true;
  if (isCommand && letter === "a" && list.querySelector("[data-pick]")) pickAll(list, true);
  else if (isCommand) done = false;
  else if (event.key === "ArrowDown" && (onRow || event.target === document.body)) move(list, 1);
  else if (event.key === "ArrowUp" && onRow) move(list, -1);
  else if (onRow && event.key === "Enter") openRow(onRow);
  else if (onRow && event.key === " ") peekRow(onRow);
  else if (isSingleOff() || event.shiftKey !== (letter === "x" && event.shiftKey)) done = false;
  else if (letter === "j") move(list, 1);
  else if (letter === "k") move(list, -1);
  else if (letter === "x" && (onRow ?? current(list))) pick(list, onRow ?? current(list), event.shiftKey);
  else done = false;
  if (done) event.preventDefault();
});

function openRow(row) {
  const to = addressOf(row);
  const link = row.matches("a") ? row : row.querySelector(`a[href="${CSS.escape(to)}"]`);
  if (link) link.click();
  else if (to) location.assign(to);
}

function peekRow(row) {
  if (peekOf(row)) announce("peek", { url: peekOf(row), row });
  else openRow(row);
}

// A click on a row's free area peeks; links, boxes and cells keep their own click.
on("click", "[data-list] [data-row][data-peek]", (event, row) => {
  if (event.target.closest("a, button, input, label, select, [data-cell] form") || String(getSelection())) return;
  rove(row.closest("[data-list]"), row);
  clearTimeout(peekTimer);
  // A cell that can be edited waits for a second click first.
  if (event.target.closest("[data-cell]")) peekTimer = setTimeout(() => peekRow(row), SECOND_CLICK_MS);
  else peekRow(row);
});
on("dblclick", "[data-cell]", () => clearTimeout(peekTimer));

// ---- selection --------------------------------------------------------------------------
let anchor = null;

function pick(list, row, range) {
  const box = pickOf(row);
  if (!box) return;
  if (range && anchor && list.contains(anchor)) {
    const rows = rowsOf(list);
    const [from, to] = [rows.indexOf(anchor), rows.indexOf(row)].sort((a, b) => a - b);
    for (const one of rows.slice(from, to + 1)) mark(one, true);
  } else {
    mark(row, !box.checked);
    anchor = row;
  }
  count(list);
}

function mark(row, picked) {
  const box = pickOf(row);
  if (box) box.checked = picked;
  row.classList.toggle("is-picked", picked);
}

function pickAll(list, picked) {
  for (const row of rowsOf(list)) mark(row, picked);
  count(list);
}

/** Select the rows of these records again; with ``every`` all that match. */
export function pickRows(list, addresses, every) {
  for (const row of rowsOf(list)) if (addresses.has(addressOf(row).split("?")[0])) mark(row, true);
  count(list);
  const box = list.querySelector("[data-bulk-every]");
  if (!box || !every) return;
  box.checked = true;
  tell(list, box.dataset.bulkEvery);
}

on("click", "[data-list] [data-pick]", (event, box) => {
  const list = box.closest("[data-list]");
  const row = box.closest("[data-row]");
  if (event.shiftKey && anchor && list.contains(anchor)) {
    box.checked = !box.checked;
    pick(list, row, true);
  } else {
    row.classList.toggle("is-picked", box.checked);
    anchor = row;
    count(list);
  }
});
on("change", "[data-pick-all]", (_event, box) => pickAll(box.closest("[data-list]"), box.checked));
on("click", "[data-bulk-clear]", (_event, button) => pickAll(button.closest("[data-list]"), false));
on("change", "[data-bulk-every]", (_event, every) => {
  const list = every.closest("[data-list]");
  tell(list, every.checked ? every.dataset.bulkEvery : pickedOf(list).length);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open], [popover]:popover-open")) return;
  const list = document.querySelector("[data-list]:has([data-pick]:checked)");
  if (list && document.getElementById("peek")?.hidden !== false) pickAll(list, false);
});

function boxesOf(list) {
  return rowsOf(list).map(pickOf).filter(Boolean);
}

function pickedOf(list) {
  return boxesOf(list).filter((box) => box.checked);
}

function tell(list, n) {
  const told = list.querySelector("[data-bulk-count]");
  if (told) told.textContent = say("selected", { n: n.toLocaleString(document.documentElement.lang) });
}

function count(list) {
  const boxes = boxesOf(list);
  const picked = pickedOf(list).length;
  for (const box of boxes) box.closest("[data-row]")?.classList.toggle("is-picked", box.checked);
  const all = list.querySelector("[data-pick-all]");
  if (all) {
    all.checked = picked > 0 && picked === boxes.length;
    all.indeterminate = picked > 0 && picked < boxes.length;
  }
  const every = list.querySelector("[data-bulk-every]");
  if (every) every.checked = false;
  tell(list, picked);
}
