// Toasts: shown by the event `toast`, read aloud, gone after ten seconds unless one looks at them.
import { announce, on, whenPresent } from "./page.js";

const STAY_MS = 10_000;
const MOST = 4;

function show({ message = "", tone = "ok", undo = "", link = "", link_label: label = "" }) {
  const region = document.getElementById("toasts");
  const template = document.getElementById("toast-template");
  if (!region || !template || !message) return;
  const toast = template.content.firstElementChild.cloneNode(true);
  toast.classList.toggle("is-bad", tone === "bad");
  toast.querySelector("[data-toast-text]").textContent = message;
  const form = toast.querySelector("[data-toast-undo]");
  const anchor = toast.querySelector("[data-toast-link]");
  if (undo) form.action = undo;
  else form.remove();
  if (link) {
    anchor.href = link;
    anchor.textContent = label;
  } else anchor.remove();
  region.append(toast);
  while (region.children.length > MOST) region.firstElementChild.remove();
}

whenPresent("[data-toast]", keepTime);
new MutationObserver((changes) => {
  for (const change of changes) {
    for (const added of change.addedNodes) if (added instanceof HTMLElement) keepTime(added);
  }
}).observe(document.getElementById("toasts"), { childList: true });

function keepTime(toast) {
  if (toast.dataset.timed || toast.closest("template")) return;
  if (!toast.closest("#toasts")) return;
  toast.dataset.timed = "1";
  let timer = 0;
  const start = () => {
    timer = setTimeout(() => toast.remove(), STAY_MS);
  };
  const stop = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", stop);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusin", stop);
  toast.addEventListener("focusout", start);
  start();
}

document.addEventListener("toast", (event) => show(event.detail));
on("click", "[data-toast-close]", (_event, button) => button.closest("[data-toast]").remove());

/** The newest toast's Undo, else the last change of the user's own. */
export function undoLast() {
  const forms = document.querySelectorAll("#toasts [data-toast-undo]");
  const form = forms[forms.length - 1] ?? document.getElementById("undo-last");
  form?.requestSubmit();
}

export const toast = (detail) => announce("toast", detail);
