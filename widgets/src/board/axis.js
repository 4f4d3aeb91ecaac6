// Round figures on axes, and labels that keep their distance.

/**
 * Round figures that cover a range.
 * @param {number} low @param {number} high @param {number} wanted @param {boolean} [whole] only whole numbers
 */
export function ticks(low, high, wanted, whole = false) {
  if (!(high > low)) return [low];
  const step = pace(high - low, wanted, whole);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) {
    found.push(Number((at * step).toPrecision(12)));
  }
  return found;
}

/** The distance of round figures. @param {number} span @param {number} wanted @param {boolean} whole */
function pace(span, wanted, whole) {
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
  const step = pace(high, wanted, whole);
  return Math.ceil(high / step - 1e-9) * step;
}

/** Up to this many steps are shown as points with their figures: two or three points are no curve yet. */
export const FEW = 3;

/**
 * The step at the right end of the plots: the run's last, or while few of many steps are done, a nearer one
 * that moves out by doubling.
 * @param {number} done @param {number} total
 */
export function axisEnd(done, total) {
  let end = 10;
  while (end < done * 1.25) end *= 2;
  if (done >= total / 4) end = Math.max(end, total);
  const wanted = Math.max(done, 1, total ? Math.min(end, total) : Math.min(end, done));
  // Points of a step or two stand in the field, not on its edge.
  return done <= FEW ? Math.max(wanted, Math.min(FEW, done) + 1) : wanted;
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
