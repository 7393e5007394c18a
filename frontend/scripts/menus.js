// Menus: the popover of a button. Arrows move, letters find, Esc closes; focus goes back to the button.
import { on, placeBeside } from "./page.js";

const items = (menu) => [...menu.querySelectorAll('[role^="menuitem"]:not([disabled])')];
const opener = (menu) => document.querySelector(`[popovertarget="${menu.id}"]`);

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!(menu instanceof HTMLElement) || !menu.matches('.c-menu[popover], .c-nav[popover]')) return;
    const button = opener(menu);
    const isOpen = event.newState === "open";
    button?.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) {
      delete menu.dataset.placed;
      return;
    }
    if (menu.matches(".c-menu") && button) {
      menu.dataset.placed = "1";
      placeBeside(menu, button);
      items(menu)[0]?.focus();
    }
  },
  true,
);

on("keydown", '[role="menu"]', (event, menu) => {
  const all = items(menu);
  const at = all.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    all[(to + all.length) % all.length]?.focus();
  } else if (event.key === "Tab" && menu.matches("[popover]")) {
    menu.hidePopover();
  } else if (/^\p{L}$/u.test(event.key) && !event.ctrlKey && !event.metaKey) {
    const rest = [...all.slice(at + 1), ...all.slice(0, at + 1)];
    rest.find((one) => one.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
    event.stopPropagation();
  }
});

on("keydown", "[data-menu]", (event, button) => {
  if (event.key !== "ArrowDown") return;
  event.preventDefault();
  document.getElementById(button.getAttribute("popovertarget"))?.showPopover();
});

on("click", '.c-menu[popover] [role^="menuitem"]', (_event, item) => {
  item.closest("[popover]").hidePopover();
});

addEventListener("resize", () => document.querySelector(".c-menu[popover]:popover-open")?.hidePopover());

// Small forms that drop from a <details> close like menus do.
const DROPS = "details.c-drop[open], details.c-columns[open], details.c-addtag[open]";
document.addEventListener("pointerdown", (event) => {
  for (const drop of document.querySelectorAll(DROPS)) {
    if (!drop.contains(event.target)) drop.open = false;
  }
});
on("keydown", DROPS, (event, drop) => {
  if (event.key !== "Escape") return;
  event.preventDefault();
  drop.open = false;
  drop.querySelector("summary").focus();
});
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches?.(DROPS)) event.target.querySelector("input:not([type=hidden]), select")?.focus();
  },
  true,
);
