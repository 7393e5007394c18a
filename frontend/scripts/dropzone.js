// Files dropped onto a zone, or chosen in it, are sent at once, with a bar; without a script the form is.
import { on } from "./page.js";

const zones = "[data-dropzone]";

on("change", `${zones} input[type=file]`, (_event, input) => {
  if (input.files.length) input.form.requestSubmit();
});

on("dragover", zones, (event, form) => {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  form.classList.add("is-over");
});

on("dragleave", zones, (event, form) => {
  if (!form.contains(event.relatedTarget)) form.classList.remove("is-over");
});

on("drop", zones, (event, form) => {
  event.preventDefault();
  form.classList.remove("is-over");
  if (!event.dataTransfer.files.length) return;
  form.querySelector("input[type=file]").files = event.dataTransfer.files;
  form.requestSubmit();
});

on("htmx:xhr:progress", zones, (event, form) => {
  const bar = form.querySelector("progress");
  bar.hidden = false;
  if (event.detail.lengthComputable) bar.value = (100 * event.detail.loaded) / event.detail.total;
});

on("htmx:afterRequest", zones, (event, form) => {
  form.querySelector("progress").hidden = true;
  if (event.detail.xhr.status >= 400) form.reset();
});
