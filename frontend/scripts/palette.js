// The command palette: asks the server on every pause in typing; arrows choose, Enter goes. First of
// all stand the verbs of the selection, which are the buttons of the bar below the list.
import htmx from "htmx.org";
import { elementFor, press } from "./keys.js";
import { announce, on } from "./page.js";

const PAUSE_MS = 120;
const dialog = () => document.getElementById("palette");
const options = (box) => [...box.querySelectorAll('[role="option"]')];
/** The address of what the side panel shows. */
const peeked = () => document.querySelector("#peek:not([hidden])")?.dataset.shows;
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
  const query = new URLSearchParams({ q: input.value, path: peeked() ?? location.pathname });
  try {
    const answer = await fetch(`${input.form.action}?${query}`, {
      signal: asking.signal,
      headers: { "HX-Request": "true", Accept: "text/html" },
    });
    if (!answer.ok || answer.redirected) return;
    list.innerHTML = await answer.text();
    htmx.process(list);
    addSelection(list, input.value);
    choose(input, options(list)[0]);
  } catch (failed) {
    if (failed.name !== "AbortError") throw failed;
  }
}

/** The verbs of what is selected, by the words on their buttons. */
function addSelection(list, typed) {
  const bar = document.querySelector("[data-list]:has([data-pick]:checked) [data-bulk]");
  const told = bar?.querySelector("[data-bulk-count]")?.textContent;
  if (!told) return;
  const wanted = typed.trim().toLowerCase();
  const items = [...bar.querySelectorAll("button")].flatMap((button, at) => {
    const words = button.textContent.trim() || button.getAttribute("aria-label");
    if (button.disabled || !words.toLowerCase().includes(wanted)) return [];
    const item = Object.assign(document.createElement("button"), { type: "button", className: "c-palette_item", id: `palette-picked-${at}`, tabIndex: -1 });
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.append(button.querySelector(".i")?.cloneNode(true) ?? "", Object.assign(document.createElement("span"), { className: "ellipsis", textContent: words }));
    item.addEventListener("click", () => {
      dialog()?.close();
      button.click();
    });
    return [item];
  });
  if (items.length === 0) return;
  const heading = Object.assign(document.createElement("h3"), { id: "palette-picked", textContent: told });
  heading.setAttribute("role", "presentation");
  const group = document.createElement("div");
  group.setAttribute("role", "group");
  group.setAttribute("aria-labelledby", heading.id);
  group.append(heading, ...items);
  list.querySelector(".c-palette_none")?.remove();
  list.prepend(group);
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

// What opens in the dialog, or is on the page already, is done there.
on("click", '.c-palette [role="option"]', (event, option) => {
  const { press: keys } = option.dataset;
  if (!keys && !option.hasAttribute("hx-get")) return;
  dialog()?.close();
  const there = keys && elementFor(keys);
  if (!there) return;
  event.preventDefault();
  press(there);
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
