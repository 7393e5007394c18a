// Native dialogs: opened by data-dialog or by a fragment; Esc closes, focus goes back by itself.
import { on, whenPresent } from "./page.js";

on("click", "[data-dialog]", (event, opener) => {
  const dialog = document.querySelector(opener.dataset.dialog);
  if (!(dialog instanceof HTMLDialogElement)) return;
  event.preventDefault();
  open(dialog);
});

on("click", "[data-dialog-close]", (event, button) => {
  event.preventDefault();
  button.closest("dialog")?.close();
});

// A press on the scrim closes; a press that began inside (marking text) does not.
on("pointerdown", "dialog", (event, dialog) => {
  dialog.pressedOutside = event.target === dialog && isOutside(event, dialog);
});
on("click", "dialog", (event, dialog) => {
  if (event.target !== dialog || !dialog.pressedOutside || !isOutside(event, dialog)) return;
  // As Esc does: unsaved work is asked about first.
  if (dialog.dispatchEvent(new Event("cancel", { cancelable: true }))) dialog.close();
});

document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = document.getElementById("dialog");
  if (event.detail.target === dialog && dialog.childElementCount > 0) {
    const heading = dialog.querySelector("h2");
    if (heading) dialog.setAttribute("aria-label", heading.textContent);
    open(dialog);
  }
});
document.addEventListener("dialog-close", () => {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
});
document.addEventListener(
  "close",
  (event) => {
    if (event.target.id === "dialog") event.target.replaceChildren();
  },
  true,
);

whenPresent("dialog[data-open]", open);

export function open(dialog) {
  if (!dialog.open) dialog.showModal();
  (dialog.querySelector("[autofocus], [aria-invalid=true]") ?? dialog.querySelector("input:not([type=hidden]), select, textarea"))?.focus();
}

function isOutside(event, dialog) {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

// data-confirm on a form or link: one question before it goes.
let asked = null;
for (const type of ["submit", "click"]) {
  document.addEventListener(
    type,
    (event) => {
      const element = event.target instanceof Element ? event.target.closest(type === "submit" ? "form[data-confirm]" : "a[data-confirm], button[data-confirm]") : null;
      if (!element || element.dataset.confirmed) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      asked = { element, submitter: event.submitter };
      const dialog = document.getElementById("confirm");
      dialog.querySelector("[data-confirm-text]").textContent = element.dataset.confirm;
      open(dialog);
      dialog.querySelector("[data-confirm-yes]").focus();
    },
    true,
  );
}
on("click", "[data-confirm-yes]", (_event, button) => {
  button.closest("dialog").close();
  const { element, submitter } = asked ?? {};
  if (!element) return;
  asked = null;
  element.dataset.confirmed = "1";
  if (element instanceof HTMLFormElement) element.requestSubmit(submitter ?? undefined);
  else element.click();
  delete element.dataset.confirmed;
});
