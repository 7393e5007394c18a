// Column picker: boxes choose the columns, the arrows beside them the order; the form is sent as usual.
// The arrows are made when the picker opens: without scripts they would do nothing.
import { on } from "./page.js";

function addArrows(picker) {
  const arrows = picker.querySelector("template[data-column-moves]");
  if (!arrows) return;
  for (const item of picker.querySelectorAll("li")) {
    const made = arrows.content.cloneNode(true);
    for (const button of made.children) button.ariaLabel = button.ariaLabel.replace("{}", item.textContent.trim());
    item.append(made);
  }
  arrows.remove();
}

document.addEventListener("toggle", (event) => event.target.matches("[data-columns]") && addArrows(event.target), true);

on("click", "[data-columns] [data-column-move]", (_event, button) => {
  const item = button.closest("li");
  if (button.dataset.columnMove === "up") item.previousElementSibling?.before(item);
  else item.nextElementSibling?.after(item);
  button.focus();
  button.closest("form")?.dispatchEvent(new Event("input", { bubbles: true }));
});
