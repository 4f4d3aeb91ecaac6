// Round figures on axes, and labels that keep their distance.

/**
 * Round figures that cover a range.
 * @param {number} low @param {number} high @param {number} wanted @param {boolean} [whole] only whole numbers
 */
export function ticks(low, high, wanted, whole = false) {
  if (!(high > low)) return [low];
  const step = pacing(high - low, wanted, whole);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) {
    found.push(Number((at * step).toPrecision(12)));
  }
  return found;
}

const ROUND = [1, 2, 3, 4, 5];

/**
 * Steps that an axis names, the first and the last among them.
 * @param {number} last @param {number} wanted intervals at most
 */
export function stepTicks(last, wanted) {
  const power = 10 ** Math.floor(Math.log10(last / wanted) + 1e-9);
  const paces = [...ROUND, ...ROUND.map((m) => 10 * m)].map((m) => m * power);
  const even = paces.find((pace) => pace >= 1 && last % pace === 0 && last / pace <= wanted);
  if (even) return Array.from({ length: last / even + 1 }, (_, i) => i * even);
  const pace = pacing(last, wanted, true);
  const before = ticks(0, last, wanted, true).filter((step) => step === 0 || last - step > pace / 2);
  return [...before.filter((step) => step < last), last];
}

/** The distance of round figures. @param {number} span @param {number} wanted @param {boolean} whole */
function pacing(span, wanted, whole) {
  const raw = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw - 1e-12) ?? power * 10;
  return whole ? Math.max(1, Math.ceil(step - 1e-9)) : step;
}

/**
 * The end of the axis: what a value needs, as a round figure.
 * @param {number} high @param {number} [wanted] @param {boolean} [whole]
 */
export function roundUp(high, wanted = 3, whole = false) {
  if (!(high > 0)) return 1;
  const step = pacing(high, wanted, whole);
  return Math.ceil(high / step - 1e-9) * step;
}

/**
 * The step at the right end of the plots: the run's last, or while few of many steps are done, a nearer one
 * that moves out by doubling.
 * @param {number} done @param {number} total
 */
export function axisEnd(done, total) {
  let end = 10;
  while (end < done * 1.25) end *= 2;
  if (done >= total / 4) end = Math.max(end, total);
  return Math.max(done, 1, Math.min(end, total || done));
}

/**
 * Moves labels apart, each as little as possible.
 * @param {number[]} wanted in px @param {number} gap @param {number} low @param {number} high
 */
export function spread(wanted, gap, low, high) {
  const order = wanted.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y || a.i - b.i);
  order.forEach((label, i) => {
    label.y = Math.max(label.y, i ? order[i - 1].y + gap : low);
  });
  let end = high;
  for (const label of order.reverse()) {
    label.y = Math.min(label.y, end);
    end = label.y - gap;
  }
  const found = wanted.slice();
  for (const { y, i } of order) found[i] = y;
  return found;
}
