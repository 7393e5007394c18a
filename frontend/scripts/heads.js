// The heads of a list. An edge is dragged to make its column wider, a head to put its column elsewhere; a double
// click on an edge fits the column to what the page shows. By keys, on a head: Alt with ← or → moves its column,
// Alt and Shift with them makes it narrower or wider. Widths stand in <col width>, so a page needs no script to
// show them; the address says them, and the list is drawn again there.
//   data-heads    the table      data-head="key"    a head; the column of the name stays the first
import { on, say, whenPresent } from "./page.js";
import { addressWith, redraw, stopRedraw } from "./redraw.js";

const [NARROWEST, WIDEST, STEP] = [48, 960, 16];
const SETTLED_MS = 500;
const FAR_PX = 6;
const STAYS = "name";
const isSeen = (element) => element.checkVisibility?.() ?? true;
const within = (width) => Math.round(Math.min(Math.max(width, NARROWEST), WIDEST));
const towards = () => (document.documentElement.dir === "rtl" ? -1 : 1);
const headsOf = (table) => [...table.querySelectorAll("[data-head]")];
const nameOf = (head) => head.textContent.trim();
let timer = 0;

whenPresent("[data-heads]", (table) => {
  for (const head of headsOf(table)) {
    const grip = document.createElement("span");
    grip.className = "c-grip";
    grip.dataset.grip = "";
    head.append(grip);
    if (!head.querySelector("a")) head.tabIndex = 0;
  }
  edge(table.closest(".c-listpage_scroll"));
});

// ---- how the columns stand ----------------------------------------------------------------

/** Every column as wide as it is seen now, so that one can change without the others. */
function hold(table) {
  const widths = headsOf(table).map((head) => head.getBoundingClientRect().width);
  let group = table.querySelector("colgroup");
  if (!group) {
    group = document.createElement("colgroup");
    for (let n = 0; n <= table.tHead.rows[0].cells.length; n += 1) group.append(document.createElement("col"));
    (table.caption ?? table.tHead).after(group);
    if (!table.caption) table.prepend(group);
  }
  for (const [at, head] of headsOf(table).entries()) {
    const col = colOf(head);
    if (!col.width) col.width = within(widths[at]);
  }
  table.classList.add("is-sized");
}

const colOf = (head) => head.closest("table").querySelector("colgroup").children[head.cellIndex];

function keep(table, { soon = false } = {}) {
  const changes = { columns: headsOf(table).map((head) => head.dataset.head).join(",") };
  if (table.matches(".is-sized")) changes.widths = headsOf(table).map((head) => `${head.dataset.head}:${colOf(head).width}`).join(",");
  const url = addressWith(changes);
  history.replaceState(history.state, "", url);
  clearTimeout(timer);
  stopRedraw();
  if (soon) timer = setTimeout(() => redraw(url), SETTLED_MS);
  else redraw(url);
}

/** What is not seen happening is said. */
function tell(words) {
  let region = document.getElementById("heads-told");
  if (!region) {
    region = document.createElement("p");
    region.id = "heads-told";
    region.className = "sr-only";
    region.role = "status";
    document.body.append(region);
  }
  region.textContent = words;
}

// ---- wider and narrower -------------------------------------------------------------------

let sizing = null;

function begin() {
  clearTimeout(timer);
  stopRedraw();
}

on("pointerdown", "[data-grip]", (event, grip) => {
  if (event.button !== 0) return;
  event.preventDefault();
  begin();
  const head = grip.closest("[data-head]");
  const table = head.closest("table");
  hold(table);
  grip.setPointerCapture(event.pointerId);
  grip.classList.add("is-held");
  sizing = { grip, table, col: colOf(head), from: event.clientX, width: Number(colOf(head).width) };
});
on("pointermove", "[data-grip]", (event, grip) => {
  if (sizing?.grip === grip) sizing.col.width = within(sizing.width + (event.clientX - sizing.from) * towards());
});
on("pointerup", "[data-grip]", () => endSizing(true));
on("pointercancel", "[data-grip]", () => endSizing(false));

function endSizing(isDone) {
  if (!sizing) return;
  const { grip, table, col, width } = sizing;
  sizing = null;
  grip.classList.remove("is-held");
  if (!isDone) col.width = width;
  else if (Number(col.width) !== width) keep(table);
}

on("dblclick", "[data-grip]", (_event, grip) => {
  const head = grip.closest("[data-head]");
  const table = head.closest("table");
  hold(table);
  const col = colOf(head);
  table.classList.add("is-measured");
  col.width = NARROWEST;
  const cells = [...table.rows].map((row) => cellAt(row, head.cellIndex)).filter((cell) => cell?.colSpan === 1);
  col.width = within(Math.max(...cells.map((cell) => cell.scrollWidth)) + 2);
  table.classList.remove("is-measured");
  keep(table);
});

function resize(head, by) {
  const table = head.closest("table");
  hold(table);
  const col = colOf(head);
  col.width = within(Number(col.width) + by);
  tell(say("wide", { name: nameOf(head), n: col.width }));
  keep(table, { soon: true });
}

// ---- elsewhere ----------------------------------------------------------------------------

/** The cell of a row in a column; none where one cell spans several. */
function cellAt(row, column) {
  let at = 0;
  for (const cell of row.cells) {
    if (at >= column) return at === column ? cell : null;
    at += cell.colSpan;
  }
  return null;
}

/** Put the column of a head where that of another one is; nothing where it stays. */
function move(head, other, options) {
  if (!other || head === other || [head, other].some((one) => one.dataset.head === STAYS)) return;
  const table = head.closest("table");
  const [from, to] = [head.cellIndex, other.cellIndex];
  const put = (one, there) => one && there && (from < to ? there.after(one) : there.before(one));
  const group = table.querySelector("colgroup");
  if (group) put(group.children[from], group.children[to]);
  for (const row of table.rows) put(cellAt(row, from), cellAt(row, to));
  const heads = headsOf(table);
  tell(say("moved", { name: nameOf(head), n: heads.indexOf(head) + 1, all: heads.length }));
  keep(table, options);
}

on("keydown", "[data-head]", (event, head) => {
  const to = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!to || !event.altKey || event.ctrlKey || event.metaKey || !isSeen(head)) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.shiftKey) resize(head, to * towards() * STEP);
  else {
    const focused = document.activeElement;
    const heads = headsOf(head.closest("table"));
    move(head, heads[heads.indexOf(head) + to * towards()], { soon: true });
    focused.focus();
  }
  head.scrollIntoView({ block: "nearest", inline: "nearest" });
});

let moving = null;

on("dragstart", "[data-head] a", (event) => event.preventDefault());
on("pointerdown", "[data-head]", (event, head) => {
  if (event.button !== 0 || event.pointerType === "touch" || event.target.closest("[data-grip]") || head.dataset.head === STAYS) return;
  moving = { head, from: event.clientX, isFar: false, to: head };
});
document.addEventListener("pointermove", (event) => {
  if (!moving) return;
  if (!moving.isFar && Math.abs(event.clientX - moving.from) < FAR_PX) return;
  if (!moving.isFar) {
    begin();
    moving.isFar = true;
    moving.head.classList.add("is-moving");
    moving.mark = document.createElement("span");
    moving.mark.className = "c-dropmark";
    moving.head.closest(".c-listpage_scroll").append(moving.mark);
  }
  event.preventDefault();
  show(event.clientX);
});

/** The line that says where the column would go. */
function show(x) {
  const { head, mark } = moving;
  const heads = headsOf(head.closest("table"));
  const boxes = heads.map((one) => one.getBoundingClientRect());
  const found = heads.findIndex((_one, at) => x >= boxes[at].left && x < boxes[at].right);
  if (found < 0) return;
  moving.to = heads[found].dataset.head === STAYS ? heads[found + 1] : heads[found];
  const [from, to] = [heads.indexOf(head), heads.indexOf(moving.to)];
  const area = mark.parentElement;
  const isAfter = from < to === (towards() === 1);
  const line = isAfter ? boxes[to].right : boxes[to].left;
  mark.hidden = from === to;
  mark.style.left = `${line - area.getBoundingClientRect().left + area.scrollLeft - 1}px`;
  mark.style.height = `${head.closest("table").offsetHeight}px`;
}

function endMoving(isDone) {
  if (!moving) return;
  const { head, to, mark, isFar } = moving;
  moving = null;
  mark?.remove();
  head.classList.remove("is-moving");
  if (!isFar) return;
  // The click that ends a drag sorts nothing.
  const swallow = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  document.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => document.removeEventListener("click", swallow, { capture: true }), 0);
  if (isDone) move(head, to);
}

document.addEventListener("pointerup", () => endMoving(true));
document.addEventListener("pointercancel", () => endMoving(false));
document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Escape" || !(sizing || moving?.isFar)) return;
    event.preventDefault();
    event.stopPropagation();
    endSizing(false);
    endMoving(false);
  },
  true,
);

// ---- pinned -------------------------------------------------------------------------------

/** What is scrolled below the first column has an edge there. */
function edge(area) {
  area?.classList.toggle("is-aside", area.scrollLeft !== 0);
}
document.addEventListener("scroll", (event) => event.target instanceof Element && event.target.matches(".c-listpage_scroll") && edge(event.target), { capture: true, passive: true });
