// data-arms="#id" on a button or link: its target comes into view and its keys begin to count
// (data-armed-key on what is in it), until Esc or a click elsewhere. So one key answers, but not
// by accident.
import { on } from "./page.js";

function arm(target) {
  target.classList.add("is-armed");
  for (const one of target.querySelectorAll("[data-armed-key]")) one.dataset.key = one.dataset.armedKey;
  target.scrollIntoView({ block: "nearest" });
  target.focus({ preventScroll: true });
}

function disarm() {
  for (const target of document.querySelectorAll(".is-armed")) {
    target.classList.remove("is-armed");
    for (const one of target.querySelectorAll("[data-armed-key]")) delete one.dataset.key;
  }
}

on("click", "[data-arms]", (event, opener) => {
  const target = document.querySelector(opener.dataset.arms);
  if (!target) return;
  event.preventDefault();
  arm(target);
});
document.addEventListener("click", (event) => {
  if (!event.target.closest(".is-armed, [data-arms]")) disarm();
});
document.addEventListener("keydown", (event) => event.key === "Escape" && disarm());
