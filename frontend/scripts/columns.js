// Column picker: boxes choose the columns, the arrows beside them and dragging the order; the form is sent as usual.
// Arrows and handles are made when the picker opens: without scripts they would do nothing.
import Sortable from "sortablejs";
import { on } from "./page.js";

function addArrows(picker) {
  const arrows = picker.querySelector("template[data-column-moves]");
  if (!arrows) return;
  for (const item of picker.querySelectorAll("li:not(.is-first)")) {
    const made = arrows.content.cloneNode(true);
    const name = item.querySelector("label").textContent.trim();
    for (const button of made.querySelectorAll("button")) button.ariaLabel = button.ariaLabel.replace("{}", name);
    item.append(made);
  }
  arrows.remove();
  Sortable.create(picker.querySelector("ul"), {
    draggable: "li:not(.is-first)",
    handle: "[data-column-grab]",
    animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
    forceFallback: true,
    ghostClass: "is-ghost",
    onMove: ({ related }) => !related.matches(".is-first"),
    onEnd: () => told(picker.querySelector("form")),
  });
}

document.addEventListener("toggle", (event) => event.target.matches("[data-columns]") && addArrows(event.target), true);

on("click", "[data-columns] [data-column-move]", (_event, button) => {
  const item = button.closest("li");
  if (button.dataset.columnMove === "up") {
    if (!item.previousElementSibling?.matches(".is-first")) item.previousElementSibling?.before(item);
  } else item.nextElementSibling?.after(item);
  button.focus();
  told(button.closest("form"));
});

function told(form) {
  form?.dispatchEvent(new Event("input", { bubbles: true }));
}
