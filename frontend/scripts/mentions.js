// data-mentions on a <textarea>: `@` offers colleagues, from the address that it names. Arrows move,
// Enter or Tab takes, Esc closes; the text stays plain and is read by the server.
import { placeBeside, say, whenPresent } from "./page.js";

const WAIT_MS = 120;
const LONGEST = 40;
let number = 0;

whenPresent("textarea[data-mentions]", (area) => {
  number += 1;
  const list = document.createElement("ul");
  list.id = `mentions-${number}`;
  list.className = "c-combobox_list c-mentions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", say("colleagues"));
  list.popover = "manual";
  area.after(list);
  // A field of several lines cannot be a combobox, so that it says no aria-expanded.
  for (const [name, value] of Object.entries({ "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-controls": list.id })) area.setAttribute(name, value);

  let at = -1;
  let asked = 0;
  let timer = 0;
  let left = "";

  const options = () => [...list.querySelectorAll('[role="option"]:not([aria-disabled])')];
  const isOpen = () => list.matches(":popover-open");
  const close = () => {
    clearTimeout(timer);
    asked += 1;
    if (isOpen()) list.hidePopover();
    area.removeAttribute("aria-activedescendant");
  };
  const go = (index) => {
    const all = options();
    at = all.length ? (index + all.length) % all.length : -1;
    all.forEach((item, place) => {
      item.classList.toggle("is-at", place === at);
      item.setAttribute("aria-selected", String(place === at));
    });
    if (at < 0) area.removeAttribute("aria-activedescendant");
    else {
      area.setAttribute("aria-activedescendant", all[at].id);
      all[at].scrollIntoView({ block: "nearest" });
    }
  };
  /** What stands between the last @ and the caret; null where nobody is being named. */
  const typed = () => {
    if (area.selectionStart !== area.selectionEnd) return null;
    const before = area.value.slice(0, area.selectionStart);
    return before.match(new RegExp(`(?:^|[^\\p{L}\\p{N}_@.])@([\\p{L}\\p{N}_.'’ -]{0,${LONGEST}})$`, "u"))?.[1] ?? null;
  };
  const take = (item) => {
    const words = typed();
    if (words === null || !item) return close();
    const start = area.selectionStart - words.length - 1;
    area.setRangeText(`${item.dataset.words} `, start, area.selectionStart, "end");
    left = item.dataset.words.slice(1);
    area.dispatchEvent(new Event("input", { bubbles: true }));
    close();
    area.focus();
  };
  const look = async () => {
    const words = typed();
    if (words === null || (left && words.startsWith(left))) return close();
    left = "";
    asked += 1;
    const mine = asked;
    const answer = await fetch(`${area.dataset.mentions}?q=${encodeURIComponent(words)}`, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (mine !== asked || !answer?.ok) return;
    const html = await answer.text();
    if (mine !== asked) return;
    list.innerHTML = html;
    // A sentence that goes on after a name that nobody bears is left in peace.
    if (!list.querySelector('[role="option"]') && words.includes(" ")) {
      left = words;
      return close();
    }
    if (!isOpen()) list.showPopover();
    placeBeside(list, area);
    go(0);
  };

  area.addEventListener("input", () => {
    clearTimeout(timer);
    if (typed() === null) {
      left = "";
      close();
    } else timer = setTimeout(look, WAIT_MS);
  });
  area.addEventListener("blur", close);
  area.addEventListener("click", () => typed() === null && close());
  area.addEventListener("keydown", (event) => {
    if (!isOpen() || event.isComposing) return;
    const takes = (event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab";
    if (event.key === "ArrowDown" || event.key === "ArrowUp") go(at + (event.key === "ArrowDown" ? 1 : -1));
    else if (takes && at >= 0) take(options()[at]);
    else if (event.key === "Escape") {
      left = typed() ?? "";
      close();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const item = event.target.closest('[role="option"]:not([aria-disabled])');
    if (item) take(item);
  });
});
