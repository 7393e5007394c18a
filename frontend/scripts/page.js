// Small things that several behaviours need: words, fresh elements, who is typing.

/** What the page says in the reader's language; `{n}` and the like are filled. */
export function say(name, values = {}) {
  const words = document.getElementById("ui-words")?.dataset ?? {};
  return (words[name] ?? "").replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

/** Call `bind` for every element that matches, now and whenever htmx brings new ones. */
export function whenPresent(selector, bind) {
  const seen = new WeakSet();
  const look = (root) => {
    const found = [...root.querySelectorAll(selector)];
    if (root.matches?.(selector)) found.unshift(root);
    for (const element of found) {
      if (!seen.has(element)) {
        seen.add(element);
        bind(element);
      }
    }
  };
  look(document);
  document.addEventListener("htmx:load", (event) => look(event.detail.elt));
}

/** Where a row of a list leads: its own address, or that of its first link. */
export const addressOf = (row) => row.dataset.href || (row.matches("a") ? row : row.querySelector("a.who, a"))?.getAttribute("href") || "";

/** The address of a part of a row's record: its panel, the form of a field; `part` begins with a slash. */
export function partOf(row, part) {
  const [path, query] = addressOf(row).split("?");
  return path + part + (query === undefined ? "" : `?${query}`);
}

/** The panel of a row; null where it has none. */
export const peekOf = (row) => (row.hasAttribute("data-peek") ? row.dataset.peek || partOf(row, "/peek") : null);

/** Listen on the document for events on elements that match, present or to come. */
export function on(type, selector, handle) {
  document.addEventListener(type, (event) => {
    const element = event.target instanceof Element ? event.target.closest(selector) : null;
    if (element) handle(event, element);
  });
}

/** Whether letters belong to a field at this moment. */
export function isTyping(event) {
  const at = event.target;
  if (!(at instanceof HTMLElement)) return false;
  if (at.isContentEditable || at instanceof HTMLTextAreaElement || at instanceof HTMLSelectElement) return true;
  return at instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit", "reset", "range", "color"].includes(at.type);
}

/** Put a floating element beside the one it belongs to, inside the window. */
export function placeBeside(floating, anchor, { width = false } = {}) {
  const at = anchor.getBoundingClientRect();
  if (width) floating.style.minWidth = `${at.width}px`;
  const { offsetWidth, offsetHeight } = floating;
  const below = at.bottom + 4 + offsetHeight <= innerHeight || at.top < offsetHeight;
  const rightToLeft = document.documentElement.dir === "rtl";
  const end = at.left + offsetWidth > innerWidth - 8 || rightToLeft;
  const left = end ? at.right - offsetWidth : at.left;
  floating.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - 4 - offsetHeight)}px`;
  floating.style.left = `${Math.min(Math.max(8, left), Math.max(8, innerWidth - offsetWidth - 8))}px`;
}

/** Let other behaviours, and the server's HX-Trigger, be heard alike. */
export function announce(name, detail) {
  document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
}
