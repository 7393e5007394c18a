// Clocks tick from their due time, corrected by the server's time; the server decides, this only shows.
import { say } from "./page.js";

const RING = 37.7;
const SOON = 0.25;
const TICK_MS = 15_000;
const offset = (Date.parse(document.documentElement.dataset.now) || Date.now()) - Date.now();

function span(ms) {
  const minutes = Math.floor(Math.abs(ms) / 60_000);
  if (minutes < 60) return say("minutes", { m: minutes });
  return say("hours", { h: Math.floor(minutes / 60), m: String(minutes % 60).padStart(2, "0") });
}

function tick(clock) {
  const due = Date.parse(clock.dataset.due);
  const start = Date.parse(clock.dataset.start) || due - 86_400_000;
  const left = due - (Date.now() + offset);
  // Days ahead or days over: the server's words ("tomorrow 09:00", "over 3 days") hold for hours.
  if (Math.abs(left) > 12 * 3_600_000) return;
  const share = Math.min(Math.max(left / Math.max(due - start, 1), 0), 1);
  const state = left < 0 ? "over" : share < SOON ? "soon" : "run";
  for (const name of ["run", "soon", "over"]) clock.classList.toggle(`is-${name}`, name === state);
  const arc = clock.querySelector(".left");
  if (arc) arc.setAttribute("stroke-dasharray", `${(share * RING).toFixed(1)} 40`);
  const text = clock.querySelector("[data-clock-text]");
  const words = left < 0 ? say("over", { t: span(left) }) : say("in", { t: span(left) });
  const said = left >= 0 && clock.dataset.says ? clock.dataset.says.replace("{}", words) : words;
  if (text && text.textContent !== said) text.textContent = said;
}

const tickAll = () => {
  for (const clock of document.querySelectorAll("[data-clock]")) tick(clock);
};
setInterval(tickAll, TICK_MS);
document.addEventListener("visibilitychange", () => document.hidden || tickAll());
