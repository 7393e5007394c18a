// Editing in place. Double click, or Enter on a focused cell, loads the form; Enter commits and goes down,
// Tab commits and goes right, Esc puts the old value back. States: is-editing, is-saving, is-saved, is-error.
// e on a row begins with its first cell; → enters the cells of a row, arrows move between them.
// The answer to the form is the new value, or the whole <td>, or, with status 422, the form again.
import htmx from "htmx.org";
import { on, partOf } from "./page.js";

const SAVED_MS = 2000;
const before = new WeakMap();
const sent = new WeakSet();
/** The element whose content is replaced: the table cell, or what stands around an edit button. */
const holderOf = (cell) => (cell.matches("td") ? cell : cell.parentElement);

on("dblclick", "td[data-cell]", (_event, cell) => edit(cell));
// Without scripts the value is a link to a page with the same form.
on("click", "a.edit[data-cell]", (event, link) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  edit(link);
});
on("keydown", "a.edit[data-cell]", (event, link) => {
  if (event.key !== " ") return;
  event.preventDefault();
  edit(link);
});
on("keydown", "td[data-cell]", (event, cell) => {
  if (event.target !== cell || event.ctrlKey || event.metaKey || event.altKey) return;
  const row = cell.parentElement;
  const cells = cellsOf(row);
  const at = cells.indexOf(cell);
  const below = (other) => other?.cells?.[cell.cellIndex];
  const to = { ArrowRight: cells[at + 1], ArrowLeft: cells[at - 1] ?? row, ArrowDown: below(row.nextElementSibling), ArrowUp: below(row.previousElementSibling), Escape: row }[event.key];
  if (to) {
    event.preventDefault();
    focusOn(to);
  } else if (event.key === "Enter" || event.key === "F2" || (event.key === "e" && hasLetters())) {
    event.preventDefault();
    edit(cell);
  }
});
on("keydown", "[data-row]", (event, row) => {
  if (event.target !== row || event.ctrlKey || event.metaKey || event.altKey) return;
  const [first] = cellsOf(row);
  if (!first || !(event.key === "ArrowRight" || (event.key === "e" && hasLetters()))) return;
  event.preventDefault();
  if (event.key === "e") edit(first);
  else focusOn(first);
});

/** The cells of a row that can be edited and are seen: a card on a small screen shows few of them. */
const cellsOf = (row) => [...row.querySelectorAll("td[data-cell]")].filter((cell) => cell.checkVisibility?.() ?? true);
const hasLetters = () => document.documentElement.dataset.singleKeys !== "off";

function focusOn(element) {
  if (element?.matches("td")) element.tabIndex = -1;
  element?.focus();
}

function edit(cell) {
  const holder = holderOf(cell);
  if (holder.querySelector("form")) return;
  before.set(holder, [...holder.childNodes]);
  const at = cell.dataset.cell;
  // In a row stands the name of the field alone; its form is a part of the row's record.
  const url = at.includes("/") ? at : partOf(cell.closest("[data-row]"), `/fields/${at}`);
  htmx.ajax("GET", url, { source: holder, target: holder, swap: "innerHTML" }).then(() => {
    const field = holder.querySelector("input:not([type=hidden]), select, textarea");
    if (!field) return;
    holder.classList.add("is-editing");
    field.focus();
    field.select?.();
  });
}

function restore(holder) {
  holder.classList.remove("is-editing", "is-saving", "is-error");
  holder.replaceChildren(...(before.get(holder) ?? []));
  return holder.matches("td") ? holder : holder.querySelector("[data-cell]");
}

/** The new value in the place of the old one, and a tick for two seconds. */
function show(holder, value) {
  const cell = restore(holder);
  const fragment = document.createRange().createContextualFragment(value);
  (cell ?? holder).replaceChildren(fragment);
  htmx.process(holder);
  holder.classList.add("is-saved");
  const tick = document.querySelector("#toast-template")?.content.querySelector(".c-toast_icon.is-ok .i")?.cloneNode(true);
  if (tick) {
    const mark = document.createElement("span");
    mark.className = "c-cell_tick";
    mark.append(tick);
    holder.append(mark);
    setTimeout(() => {
      mark.remove();
      holder.classList.remove("is-saved");
    }, SAVED_MS);
  }
  return cell;
}

on("keydown", ".is-editing form", (event, form) => {
  const holder = form.closest(".is-editing");
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    focusOn(restore(holder));
  } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    holder.dataset.then = "down";
    form.requestSubmit();
  } else if (event.key === "Tab") {
    event.preventDefault();
    holder.dataset.then = event.shiftKey ? "left" : "right";
    form.requestSubmit();
  }
});

const isChanged = (control) => {
  if (control instanceof HTMLSelectElement) return [...control.options].some((option) => option.selected !== option.defaultSelected);
  if (["checkbox", "radio"].includes(control.type)) return control.checked !== control.defaultChecked;
  return "defaultValue" in control && control.value !== control.defaultValue;
};

on("focusout", ".is-editing form", (event, form) => {
  if (form.contains(event.relatedTarget) || !form.isConnected) return;
  const holder = form.closest(".is-editing");
  // The answer takes the form away, and with it the focus: that is not a second commit.
  if (sent.has(form)) return;
  if ([...form.elements].some(isChanged)) form.requestSubmit();
  else restore(holder);
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt } = event.detail;
  if (elt.matches?.("form")) sent.add(elt);
  elt.closest?.(".is-editing")?.classList.add("is-saving");
});
document.addEventListener("htmx:responseError", (event) => {
  const holder = event.detail.elt.closest?.(".is-editing");
  sent.delete(event.detail.elt);
  holder?.classList.remove("is-saving");
  holder?.classList.add("is-error");
});

let goTo = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  const { elt, xhr } = event.detail;
  const holder = elt.matches?.("form") ? elt.closest(".is-editing") : null;
  if (!holder || xhr.status >= 400) {
    if (holder && xhr.status === 422) {
      holder.classList.remove("is-saving");
      goTo = () => holder.querySelector(".form-control, .form-select");
      if (!elt.hasAttribute("hx-target")) Object.assign(event.detail, { target: elt, swapOverride: "outerHTML" });
    }
    return;
  }
  const column = holder.cellIndex;
  const row = holder.parentElement;
  const next = { down: () => row.nextElementSibling?.cells?.[column], right: () => row.cells?.[column + 1], left: () => row.cells?.[column - 1] }[holder.dataset.then];
  delete holder.dataset.then;
  goTo = next ?? (() => holder);
  if (/^\s*<td/.test(xhr.responseText)) return;
  event.detail.shouldSwap = false;
  const cell = show(holder, xhr.responseText);
  const following = holder.matches("td") ? goTo() : cell;
  goTo = null;
  focusOn(following);
});
document.addEventListener("htmx:afterSettle", () => {
  const cell = goTo?.();
  goTo = null;
  if (cell?.matches("[data-cell], .form-control, .form-select")) focusOn(cell);
});
