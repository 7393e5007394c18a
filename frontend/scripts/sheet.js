// The list as a sheet: cells are copied out as a spreadsheet takes them, a block from one is pasted in.
// The block begins at the cell that has the focus, or that was clicked last; Shift with an arrow or a
// click marks a rectangle of cells. What a paste would change is shown first: the server asks.
//   data-paste      on a list: where a block is sent to; a list without it can only be copied from
import htmx from "htmx.org";
import { addressOf, announce, isTyping, on, say } from "./page.js";

let here = null; // the cell that a block begins with
let corner = null; // the other end of a rectangle

const listOf = (element) => element?.closest?.("[data-list]") ?? null;
const isSeen = (element) => element.checkVisibility?.() ?? true;
const rowsOf = (list) => [...list.querySelectorAll("[data-row]")].filter(isSeen);
const firstOf = (list) => (list.querySelector("[data-pick-all]") ? 1 : 0);
const idOf = (row) => addressOf(row).split("?")[0].split("/").pop();

/** The cell that has the focus or was clicked last, else the first one of a focused row. */
function startOf() {
  const at = document.activeElement;
  if (at?.matches("[data-list] td")) return at;
  if (here?.isConnected && isSeen(here)) return here;
  return at?.matches("[data-list] tr[data-row]") ? at.cells[firstOf(listOf(at))] : null;
}

/** The cells of the rectangle as rows of cells; a single cell where nothing more is marked. */
function rectangle(cell) {
  const list = listOf(cell);
  const rows = rowsOf(list);
  const other = corner?.isConnected && listOf(corner) === list ? corner : cell;
  const [top, bottom] = [rows.indexOf(cell.parentElement), rows.indexOf(other.parentElement)].sort((a, b) => a - b);
  const [left, right] = [cell.cellIndex, other.cellIndex].sort((a, b) => a - b);
  return rows.slice(Math.max(top, 0), bottom + 1).map((row) => [...row.cells].slice(left, right + 1));
}

function mark() {
  for (const cell of document.querySelectorAll("td.is-ranged")) cell.classList.remove("is-ranged");
  if (!here?.isConnected || !corner || corner === here) return;
  for (const cell of rectangle(here).flat()) cell.classList.add("is-ranged");
}

function begin(cell) {
  here = cell;
  corner = null;
  mark();
}

on("focusin", "[data-list] td", (_event, cell) => {
  if (cell !== document.activeElement || cell === corner) return;
  begin(cell);
});
on("focusin", "[data-list] tr[data-row]", (_event, row) => {
  if (row === document.activeElement && here?.parentElement !== row) begin(null);
});
on("pointerdown", "[data-list] [data-row] td", (event, cell) => {
  if (event.button !== 0 || event.target.closest("a, button, input, label, select, form")) return;
  if (event.shiftKey && here?.isConnected && listOf(here) === listOf(cell)) {
    event.preventDefault(); // no text is marked
    corner = cell;
    mark();
  } else begin(cell);
});
// The click that ends a rectangle opens no side panel.
document.addEventListener(
  "click",
  (event) => {
    if (event.shiftKey && event.target.closest?.("td.is-ranged") && !event.target.closest("a, button, input, label")) event.stopPropagation();
  },
  true,
);
document.addEventListener(
  "keydown",
  (event) => {
    if (!event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || !event.key.startsWith("Arrow")) return;
    const cell = document.activeElement;
    if (!cell?.matches("[data-list] td[data-cell]")) return;
    event.preventDefault();
    event.stopPropagation();
    here = cell;
    const from = corner?.isConnected ? corner : cell;
    const rows = rowsOf(listOf(cell));
    const row = rows.indexOf(from.parentElement) + { ArrowDown: 1, ArrowUp: -1 }[event.key] || rows.indexOf(from.parentElement);
    const column = from.cellIndex + ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0);
    corner = rows[Math.min(Math.max(row, 0), rows.length - 1)].cells[Math.max(column, firstOf(listOf(cell)))] ?? from;
    mark();
    corner.scrollIntoView({ block: "nearest", inline: "nearest" });
  },
  true,
);

// ---- copying ------------------------------------------------------------------------------

/** What a cell says, without pictures: a name without its face, a moment in full. */
function textOf(cell) {
  const name = cell.querySelector("a.who .ellipsis");
  if (name) return name.textContent.trim();
  const time = cell.querySelector("time[datetime]");
  if (time) return time.getAttribute("datetime");
  const copy = cell.cloneNode(true);
  for (const extra of copy.querySelectorAll(".c-face, .c-cell_tick, svg, .sr-only")) extra.remove();
  const chips = [...copy.querySelectorAll(".c-chip")];
  return (chips.length > 1 ? chips.map((chip) => chip.textContent.trim()).join(", ") : copy.textContent).trim().replace(/\s+/g, " ");
}

/** A cell that a spreadsheet would take for a formula is its text; tabs and breaks do not stand in ours. */
const asLine = (cells) => cells.map((cell) => textOf(cell).replace(/^"/, '""')).join("\t");

document.addEventListener("copy", (event) => {
  if (event.defaultPrevented || isTyping(event) || String(getSelection()) || document.querySelector("dialog[open]")) return;
  const cell = startOf();
  const list = listOf(cell) ?? document.querySelector("[data-list]");
  if (!list) return;
  const picked = rowsOf(list).filter((row) => row.querySelector("[data-pick]:checked"));
  const isRange = cell && corner?.isConnected;
  const rows = !isRange && picked.length > 0 ? picked.map((row) => [...row.cells].slice(firstOf(list))) : cell ? wholeRow(cell) ?? rectangle(cell) : [];
  if (rows.length === 0) return;
  event.preventDefault();
  event.clipboardData.setData("text/plain", rows.map(asLine).join("\n"));
  const n = rows.reduce((sum, row) => sum + row.length, 0);
  announce("toast", { message: say("cells", { n: n.toLocaleString(document.documentElement.lang) }) });
});

/** All cells of a row that has the focus itself. */
function wholeRow(cell) {
  const row = here ? null : document.activeElement;
  return row?.matches("tr[data-row]") && cell.parentElement === row ? [[...row.cells].slice(firstOf(listOf(row)))] : null;
}

// ---- pasting ------------------------------------------------------------------------------

document.addEventListener("paste", (event) => {
  if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
  const cell = startOf();
  const list = listOf(cell);
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!list?.dataset.paste || !text.trim()) return;
  event.preventDefault();
  const area = rectangle(cell);
  const [[first]] = area;
  const rows = rowsOf(list);
  const from = rows.slice(rows.indexOf(first.parentElement));
  htmx.ajax("POST", list.dataset.paste + location.search, {
    target: "#dialog",
    swap: "innerHTML",
    values: { _block: filled(text, area), _at: first.cellIndex - firstOf(list), _ids: from.map(idOf).join(",") },
  });
});

/** One copied cell fills the whole rectangle, as in a spreadsheet. */
function filled(text, area) {
  const one = text.replace(/\r?\n$/, "");
  if (/[\t\n]/.test(one) || (area.length === 1 && area[0].length === 1)) return text;
  return area.map((row) => row.map(() => one).join("\t")).join("\n");
}
