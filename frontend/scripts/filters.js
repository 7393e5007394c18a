// A condition of a filter: the value is shown only where the comparison takes one, and asked for
// again in its own kind (date, days, choices) when the comparison takes another kind.
import htmx from "htmx.org";
import { on, whenPresent } from "./page.js";

const takesOf = (select) => select.selectedOptions[0]?.dataset.takes ?? "";

function showValue(select) {
  const value = select.closest("fieldset")?.querySelector("[data-value]");
  if (value) value.hidden = takesOf(select) === "nothing";
}

whenPresent("select[data-takes]", (select) => {
  select.takes = takesOf(select);
  showValue(select);
});
on("change", "select[data-takes]", (_event, select) => {
  showValue(select);
  const kind = takesOf(select);
  const before = select.takes;
  select.takes = kind;
  if (kind === "nothing" || before === kind) return;
  const field = select.closest("fieldset")?.querySelector("select[hx-get]");
  if (field) htmx.trigger(field, "change");
});
