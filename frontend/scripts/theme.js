// Light, dark or like the system: seen at once, kept in a cookie by the server.
import { on } from "./page.js";

on("click", "[data-theme-form] [name=theme]", (event, button) => {
  event.preventDefault();
  const form = button.closest("form");
  document.documentElement.dataset.bsTheme = button.value;
  document.querySelector('meta[name="color-scheme"]').content = button.value === "system" ? "light dark" : button.value;
  for (const one of document.querySelectorAll("[data-theme-form] [name=theme]")) {
    const chosen = String(one.value === button.value);
    if (one.hasAttribute("aria-checked")) one.setAttribute("aria-checked", chosen);
    else one.setAttribute("aria-pressed", chosen);
  }
  const body = new FormData(form);
  body.set("theme", button.value);
  fetch(form.action, { method: "POST", body, redirect: "manual", keepalive: true });
});
