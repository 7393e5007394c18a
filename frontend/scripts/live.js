// Live updates. Elements with data-live="handoff person:7" fetch themselves again (hx-get with
// hx-trigger="live") when the server says that one of their topics changed. One stream a page; the
// server tells after every gap what was missed. What someone is typing in or pressing is never
// replaced: it waits until they are done.
import htmx from "htmx.org";
import { whenPresent } from "./page.js";

const HIDDEN_MS = 20_000;
const RESYNC_MS = 500;
const RETRY_MS = [2_000, 60_000];
const root = document.documentElement;

let source = null;
let open = new Set();
let since = Date.parse(root.dataset.now) || Date.now();
let retry = RETRY_MS[0];
let timer = 0;
let sleep = 0;
let isOver = false;
let pressed = null;
const waiting = new Set();
const underWay = new WeakMap();

const elements = () => [...document.querySelectorAll("[data-live]")];
const topicsOf = (element) => element.dataset.live.split(/\s+/).filter(Boolean);
const wanted = () => new Set(elements().flatMap(topicsOf));

function close() {
  clearTimeout(timer);
  source?.close();
  source = null;
  open = new Set();
  delete root.dataset.liveState;
}

function listen() {
  const topics = wanted();
  if (isOver || document.hidden || topics.size === 0) return;
  if (source && [...topics].every((topic) => open.has(topic))) return;
  close();
  open = topics;
  source = new EventSource(`/live?topics=${encodeURIComponent([...topics].sort().join(","))}&since=${since}`);
  source.addEventListener("open", () => {
    retry = RETRY_MS[0];
    root.dataset.liveState = "open";
  });
  source.addEventListener("changed", (event) => heard(event, new Set(event.data.split(","))));
  source.addEventListener("resync", (event) => heard(event, null));
  source.addEventListener("end", () => {
    isOver = true;
    close();
  });
  source.addEventListener("error", () => {
    delete root.dataset.liveState;
    // A broken connection is taken up by the browser; a refusal is not.
    if (source?.readyState !== EventSource.CLOSED) return;
    close();
    timer = setTimeout(listen, retry * (0.75 + Math.random() / 2));
    retry = Math.min(retry * 2, RETRY_MS[1]);
  });
}

function heard(event, topics) {
  since = Number(event.lastEventId) || since;
  if (!topics) {
    // After a gap every page fetches: not all in the same instant.
    setTimeout(() => elements().forEach(refresh), Math.random() * RESYNC_MS);
    return;
  }
  for (const element of elements()) {
    if (topicsOf(element).some((topic) => topics.has(topic))) refresh(element);
  }
}

/** Whether someone works inside: a button held down, a field in use or changed, a menu or dialog
    that is open. */
function isBusy(element) {
  if (pressed && element.contains(pressed)) return true;
  const active = document.activeElement;
  if (active !== element && element.contains(active) && active.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]")) return true;
  if (element.querySelector("dialog[open], details.c-drop[open], [popover]:popover-open, [data-hold], .is-armed")) return true;
  return [...element.querySelectorAll("form[method=post] input, form[method=post] textarea, form[method=post] select")].some(isChanged);
}

function isChanged(field) {
  if (field.matches("select:not([multiple])")) {
    const first = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(first, 0);
  }
  if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
  return field.type !== "hidden" && field.value !== field.defaultValue;
}

function refresh(element) {
  if (isBusy(element)) {
    waiting.add(element);
    return;
  }
  waiting.delete(element);
  if (underWay.has(element)) {
    underWay.set(element, true);
    return;
  }
  // What has only just been swapped in is not listened to by htmx until it has settled.
  htmx.process(element);
  htmx.trigger(element, "live");
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, triggeringEvent } = event.detail.requestConfig;
  if (triggeringEvent?.type === "live") underWay.set(elt, false);
});
document.addEventListener("htmx:afterRequest", (event) => {
  // Who asked: where that one was replaced, the event itself comes from what is left around it.
  const { elt } = event.detail.requestConfig;
  const again = underWay.get(elt);
  underWay.delete(elt);
  // It changed once more while it was fetched; an outerHTML swap has put a new element in its place.
  if (again) for (const element of elements().filter((one) => one === elt || (elt.id && one.id === elt.id))) refresh(element);
});

// Someone began to work inside while it was fetched: what came is left aside and fetched anew.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { elt, triggeringEvent } = event.detail.requestConfig;
  if (triggeringEvent?.type !== "live" || !isBusy(elt)) return;
  event.detail.shouldSwap = false;
  waiting.add(elt);
});

function lookAgain() {
  for (const element of [...waiting]) {
    if (!element.isConnected) waiting.delete(element);
    else refresh(element);
  }
}
for (const name of ["focusout", "reset", "toggle", "close", "hold-end", "htmx:afterSettle"]) {
  document.addEventListener(name, () => waiting.size && setTimeout(lookAgain, 150), true);
}

whenPresent("[data-live]", () => queueMicrotask(listen));

// A button that is replaced between press and release takes no click.
document.addEventListener("pointerdown", (event) => (pressed = event.target), true);
for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(
    name,
    () =>
      setTimeout(() => {
        pressed = null;
        lookAgain();
      }),
    true,
  );
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(sleep);
  if (document.hidden) sleep = setTimeout(close, HIDDEN_MS);
  else listen();
});
addEventListener("online", () => {
  close();
  listen();
});
// An open stream would keep the page out of the browser's memory of pages.
addEventListener("pagehide", close);
addEventListener("pageshow", (event) => event.persisted && listen());
