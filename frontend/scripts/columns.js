// Column picker: boxes choose the columns, the arrows beside them the order; the form is sent as usual.
import { on } from "./page.js";

on("click", "[data-columns] [data-column-move]", (_event, button) => {
  const item = button.closest("li");
  if (button.dataset.columnMove === "up") item.previousElementSibling?.before(item);
  else item.nextElementSibling?.after(item);
  button.focus();
  button.closest("form")?.dispatchEvent(new Event("input", { bubbles: true }));
});
