// Keys on the list of notifications: on the row that has the focus, Enter opens, u marks as read or
// unread, z puts off. Moving is that of all lists (lists.js).
import { isTyping } from "./page.js";

document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.(".c-notice");
  if (!row || event.defaultPrevented || isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" && event.target === row) {
    event.preventDefault();
    row.querySelector(".c-notice_main").click();
    return;
  }
  if (document.documentElement.dataset.singleKeys === "off" || event.target.closest("[popover]")) return;
  const act = row.querySelector(`[data-notice="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!act) return;
  event.preventDefault();
  act.click();
});
