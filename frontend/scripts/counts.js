// Figures that changed count up to what they are now. An element with data-count (the number) and
// data-count-key (its name) that a live update replaces starts from the number before; the server's
// own text stands at the end. Nothing moves for whoever asked for less motion.
const LASTS_MS = 700;
const LEAST = 1e-9;
const seen = new Map();

const quiet = matchMedia("(prefers-reduced-motion: reduce)");
const within = (root) => [...(root.querySelectorAll?.("[data-count][data-count-key]") ?? [])];

function remember(root) {
  for (const figure of within(root)) seen.set(figure.dataset.countKey, Number(figure.dataset.count));
}

function countUp(figure, from) {
  const to = Number(figure.dataset.count);
  const text = figure.textContent;
  const number = text.match(/\d[\d\s.,’'\u00a0\u202f]*\d|\d/);
  if (!number) return;
  const [head, tail] = [text.slice(0, number.index), text.slice(number.index + number[0].length)];
  const places = Number.isInteger(to) ? 0 : 2;
  const write = new Intl.NumberFormat(document.documentElement.lang || undefined, {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  });
  const began = performance.now();
  const step = (now) => {
    const share = Math.min((now - began) / LASTS_MS, 1);
    if (share === 1 || !figure.isConnected) {
      figure.textContent = text;
      return;
    }
    const eased = 1 - (1 - share) ** 3;
    figure.textContent = head + write.format(Math.abs(from + (to - from) * eased)) + tail;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

document.addEventListener("htmx:beforeSwap", () => remember(document));
document.addEventListener("htmx:afterSettle", () => {
  for (const figure of within(document)) {
    const before = seen.get(figure.dataset.countKey);
    const moved = before !== undefined && Math.abs(before - Number(figure.dataset.count)) > LEAST;
    if (moved && !quiet.matches && !document.hidden) countUp(figure, before);
  }
  seen.clear();
});
