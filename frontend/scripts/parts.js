// What belongs to a record is added and changed in its panel: the form loads into the place that the
// panel has for it (data-part-form). Esc and data-part-cancel take it away, and the focus goes back to
// where it came from; so it does when the record is fetched anew, because something of it was saved.
import { on } from "./page.js";

let opener = ""; // how to find again what opened the form, or what adds where something was saved
let isSaved = false;

const goBack = () => opener && document.querySelector(opener)?.focus();
const byId = (element) => `#${CSS.escape(element.id)}`;

function close(place) {
  place.replaceChildren();
  goBack();
}

document.addEventListener("htmx:afterSwap", (event) => {
  const { target, requestConfig } = event.detail;
  if (!target.matches?.("[data-part-form]")) return;
  for (const other of document.querySelectorAll("[data-part-form]")) if (other !== target) other.replaceChildren();
  const asked = requestConfig.elt;
  const menu = asked.closest(".c-menu");
  if (menu) opener = `[popovertarget="${CSS.escape(menu.id)}"]`;
  else if (asked.id) opener = byId(asked);
});

on("click", "[data-part-form] [data-part-cancel]", (event, link) => {
  event.preventDefault();
  close(link.closest("[data-part-form]"));
});
on("keydown", "[data-part-form] form", (event, form) => {
  if (event.key !== "Escape" || event.isComposing) return;
  event.preventDefault();
  close(form.closest("[data-part-form]"));
});

document.addEventListener("record-changed", (event) => {
  const add = event.target.closest?.("section")?.querySelector("[data-part-add]");
  if (add) opener = byId(add);
  isSaved = true;
});
document.addEventListener("htmx:afterSettle", () => {
  if (!isSaved || (document.activeElement && document.activeElement !== document.body)) return;
  isSaved = false;
  goBack();
});
