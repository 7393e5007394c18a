// data-dirty on a form: leaving with unsaved work asks first; untouched forms never ask.
import { on, say } from "./page.js";

const dirty = new Set();

on("input", "form[data-dirty]", (_event, form) => dirty.add(form));
on("submit", "form[data-dirty]", (_event, form) => dirty.delete(form));
on("reset", "form[data-dirty]", (_event, form) => dirty.delete(form));

// A link that takes the place of what was begun throws it away on purpose.
on("click", "form[data-dirty] a[data-leave]", (_event, link) => dirty.delete(link.closest("form")));

const unsaved = () => [...dirty].some((form) => form.isConnected);

addEventListener("beforeunload", (event) => {
  if (unsaved()) event.preventDefault();
});

// A dialog with unsaved work asks before Esc throws it away.
document.addEventListener(
  "cancel",
  (event) => {
    const form = [...dirty].find((one) => one.isConnected && event.target.contains(one));
    if (!form) return;
    if (window.confirm(say("unsaved"))) dirty.delete(form);
    else event.preventDefault();
  },
  true,
);
