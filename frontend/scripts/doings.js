// A condition on what people did: steps, counts and spans are shown where the kind of condition asks
// for them. Without a script all of them are there, and the server takes what fits.
import { on, whenPresent } from "./page.js";

function showWhatFits(select) {
  for (const part of select.form?.querySelectorAll("[data-only-doing]") ?? []) part.hidden = part.dataset.onlyDoing !== select.value;
}

whenPresent("select[data-doing]", showWhatFits);
on("change", "select[data-doing]", (_event, select) => showWhatFits(select));
