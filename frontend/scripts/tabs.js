// Tabs: links between pages move with the arrow keys; tabs that only change a panel (role=tab) switch it.
import { on } from "./page.js";

on("keydown", "[data-tabs]", (event, bar) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const all = [...bar.querySelectorAll('a, [role="tab"]')];
  const at = all.indexOf(document.activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  const next = all[(at + step * (document.dir === "rtl" ? -1 : 1) + all.length) % all.length];
  next.focus();
  if (next.matches('[role="tab"]')) select(next);
});

on("click", '[role="tab"][aria-controls]', (event, tab) => {
  event.preventDefault();
  select(tab);
});

function select(tab) {
  for (const one of tab.closest('[role="tablist"], [data-tabs]').querySelectorAll('[role="tab"]')) {
    const chosen = one === tab;
    one.setAttribute("aria-selected", String(chosen));
    one.tabIndex = chosen ? 0 : -1;
    const panel = document.getElementById(one.getAttribute("aria-controls"));
    if (panel) panel.hidden = !chosen;
  }
}
