// data-draft on a form with one <textarea>: what was written and not sent is kept in this browser, for
// this user and this page, and stands there again. It is gone once it is sent, when the user signs
// out (data-sign-out), and as soon as anybody else uses the browser.
import { on, whenPresent } from "./page.js";

const MARK = "draft:";
const MOST = 20;
const user = document.documentElement.dataset.user ?? "";
const mine = `${MARK}${user}:`;
const here = () => mine + location.pathname;
const kept = () => Object.keys(localStorage).filter((key) => key.startsWith(MARK));
const read = (key) => {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return {};
  }
};

function keep(text) {
  if (!text.trim()) return localStorage.removeItem(here());
  try {
    localStorage.setItem(here(), JSON.stringify({ text, at: Date.now() }));
  } catch {
    return; // a browser that is full or keeps nothing
  }
  const oldest = kept().sort((one, other) => read(other).at - read(one).at);
  for (const key of oldest.slice(MOST)) localStorage.removeItem(key);
}

const forget = (but = null) => {
  for (const key of kept()) if (!but || !key.startsWith(but)) localStorage.removeItem(key);
};

// Who is not signed in is nobody else: a session that ran out leaves the draft to its writer.
if (user) forget(mine);
on("submit", "form[data-sign-out]", () => forget());

if (user) {
  whenPresent("form[data-draft] textarea", (area) => {
    if (!area.value) area.value = read(here()).text ?? "";
  });
  on("input", "form[data-draft] textarea", (_event, area) => keep(area.value));
  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, xhr } = event.detail;
    // An answer that leads on to another page is not yet told to be a success.
    if (elt.matches("form[data-draft]") && xhr.status >= 200 && xhr.status < 300) localStorage.removeItem(here());
  });
}
