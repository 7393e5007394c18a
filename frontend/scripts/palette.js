// The command palette: asks the server on every pause in typing; arrows choose, Enter goes.
import htmx from "htmx.org";
import { announce, on } from "./page.js";

const PAUSE_MS = 120;
const dialog = () => document.getElementById("palette");
const options = (box) => [...box.querySelectorAll('[role="option"]')];
let timer = 0;
let asking = null;

on("click", "[data-palette-open]", (event) => {
  if (!dialog() || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  document.querySelector(".c-nav:popover-open")?.hidePopover();
  if (dialog().open) {
    dialog().close();
    return;
  }
  dialog().showModal();
  const input = dialog().querySelector("[data-palette-input]");
  input.value = "";
  input.focus();
  ask(input);
});

on("input", "[data-palette-input]", (_event, input) => {
  clearTimeout(timer);
  timer = setTimeout(() => ask(input), PAUSE_MS);
});

async function ask(input) {
  asking?.abort();
  asking = new AbortController();
  const list = input.closest(".c-palette").querySelector("[data-palette-list]");
  const query = new URLSearchParams({ q: input.value, path: location.pathname });
  try {
    const answer = await fetch(`${input.form.action}?${query}`, {
      signal: asking.signal,
      headers: { "HX-Request": "true", Accept: "text/html" },
    });
    if (!answer.ok || answer.redirected) return;
    list.innerHTML = await answer.text();
    htmx.process(list);
    choose(input, options(list)[0]);
  } catch (failed) {
    if (failed.name !== "AbortError") throw failed;
  }
}

function choose(input, option) {
  for (const one of options(input.closest(".c-palette"))) {
    one.classList.toggle("is-at", one === option);
    one.setAttribute("aria-selected", String(one === option));
  }
  if (option) {
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else input.removeAttribute("aria-activedescendant");
}

on("keydown", "[data-palette-input]", (event, input) => {
  const all = options(input.closest(".c-palette"));
  const at = all.findIndex((one) => one.classList.contains("is-at"));
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose(input, all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
  } else if (event.key === "Enter" && !event.isComposing) {
    event.preventDefault();
    go(all[at], event.ctrlKey || event.metaKey);
  }
});

on("pointermove", '.c-palette [role="option"]', (_event, option) => {
  const input = option.closest(".c-palette").querySelector("[data-palette-input]");
  if (!option.classList.contains("is-at")) choose(input, option);
});

function go(option, beside) {
  if (!option) return;
  if (beside && option.dataset.peek && document.getElementById("peek")) {
    dialog()?.close();
    announce("peek", { url: option.dataset.peek });
    return;
  }
  option.click();
}
