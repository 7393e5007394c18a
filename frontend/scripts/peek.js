// The side panel: a fragment beside the list. The address stays; Esc closes and focus returns to the row.
import htmx from "htmx.org";
import { on, peekOf } from "./page.js";

const panel = () => document.getElementById("peek");
let from = null;
let shown = ""; // the address of what is shown

document.addEventListener("peek", (event) => {
  const { url, row = null, quiet = false } = event.detail;
  if (!panel()) return;
  shown = url;
  if (row) {
    from = row;
    mark(row);
  }
  panel().dataset.shows = url.split("?")[0];
  const isNew = panel().hidden;
  panel().setAttribute("hx-sync", "this:replace");
  panel().hidden = false;
  htmx.ajax("GET", url, { source: panel(), target: panel(), swap: "innerHTML" }).then(() => {
    const body = panel().querySelector("[data-peek-body]");
    for (const button of panel().querySelectorAll("[data-peek-step]")) button.disabled = !stepFrom(Number(button.dataset.peekStep));
    if (body) panel().setAttribute("aria-label", body.getAttribute("aria-label") ?? "");
    if (!quiet && isNew) body?.focus({ preventScroll: true });
  });
});

/** The row before or after the one that is open. */
function stepFrom(by) {
  const rows = [...document.querySelectorAll("[data-list] [data-row][data-peek]")].filter((row) => row.checkVisibility?.() ?? true);
  const at = rows.indexOf(from);
  return at < 0 ? undefined : rows[at + by];
}

function mark(row) {
  for (const one of document.querySelectorAll("[data-row].is-open")) one.classList.remove("is-open");
  row?.classList.add("is-open");
}

function close() {
  if (!panel() || panel().hidden) return false;
  panel().hidden = true;
  panel().replaceChildren();
  mark(null);
  from?.focus();
  return true;
}

on("click", "[data-peek-close]", close);
// Something of the record was saved in its panel.
document.addEventListener("record-changed", () => {
  if (panel() && !panel().hidden) htmx.ajax("GET", shown, { source: panel(), target: panel(), swap: "innerHTML" });
});
on("click", "[data-peek-step]", (event, link) => {
  event.preventDefault();
  const next = stepFrom(Number(link.dataset.peekStep));
  if (!next) return;
  for (const row of next.parentElement.querySelectorAll("[data-row]")) row.tabIndex = row === next ? 0 : -1;
  next.dispatchEvent(new CustomEvent("peek", { detail: { url: peekOf(next), row: next, quiet: true }, bubbles: true }));
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || document.querySelector("dialog[open], [popover]:popover-open")) return;
  if (event.key === "Escape" && !event.target.closest?.("[data-cell] form") && close()) event.preventDefault();
  else if (event.key === "Enter" && event.target.matches?.("[data-peek-body]")) panel().querySelector("[data-peek-open]")?.click();
});
