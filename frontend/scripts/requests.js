// htmx: the CSRF header, the busy line, and what the page does when a request fails.
import htmx from "htmx.org";
import { announce, on, say } from "./page.js";

const BUSY_AFTER_MS = 180;
const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";
const busy = () => document.getElementById("busy");
let waiting = 0;
let timer = 0;

document.addEventListener("htmx:configRequest", (event) => {
  const { headers, verb } = event.detail;
  if (verb !== "get") headers["X-CSRFToken"] = token();
});

// What a page fetches by itself, because the server said that it changed, is nobody's waiting.
const isLive = (event) => event.detail.requestConfig?.triggeringEvent?.type === "live";

document.addEventListener("htmx:beforeSend", (event) => {
  if (event.detail.elt.closest("[data-quiet]") || isLive(event)) return;
  event.detail.xhr.counted = true;
  waiting += 1;
  if (waiting === 1) timer = setTimeout(() => busy()?.classList.add("is-on"), BUSY_AFTER_MS);
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.xhr?.counted) return;
  waiting = Math.max(0, waiting - 1);
  if (waiting === 0) {
    clearTimeout(timer);
    busy()?.classList.remove("is-on");
  }
});

// A refusal comes with its own toast by HX-Trigger; everything else gets the general sentence.
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (isLive(event)) return;
  if (/"toast"/.test(xhr.getResponseHeader("HX-Trigger") ?? "")) return;
  const trace = xhr.getResponseHeader("X-Trace");
  announce("toast", { tone: "bad", message: trace ? `${say("failed")} (${trace})` : say("failed") });
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => isLive(event) || announce("toast", { tone: "bad", message: say("offline") }));
}

// A form that is sent twice by an impatient finger is sent once: also one of htmx, which would send
// the second after the first, as long as the answer is awaited or leads to another page.
document.addEventListener(
  "submit",
  (event) => {
    if (!event.target.dataset.sent || !event.target.matches("[hx-post]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);
on("submit", "form", (event, form) => {
  if (form.dataset.sent && !form.matches("[hx-post], [hx-get], [data-again]")) event.preventDefault();
  else if (form.method === "post" && !event.defaultPrevented) form.dataset.sent = "1";
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.matches("form[hx-post]")) event.detail.elt.dataset.sent = "1";
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr } = event.detail;
  if (elt.matches("form[hx-post]") && !xhr?.getResponseHeader("HX-Redirect")) delete elt.dataset.sent;
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

export default htmx;
