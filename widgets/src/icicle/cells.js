// The icicle: a band of cells, one line per depth, each node as wide as what is below it. Cells under the
// width of a pixel column are averaged, and how many is counted.

/** @typedef {import("../step/store.js").Step} Step */

/**
 * Span of each node in [0, 1]: leaves share, inner nodes take their own part first and children follow in
 * spawn order within their parent's span.
 * @param {Step} step
 * @param {number[]} roots in drawing order
 * @param {(row: number) => number} weight own weight of a node, at least 0
 * @returns {{start: Float64Array, width: Float64Array, total: number}} indexed by row
 */
export function spans(step, roots, weight) {
  const start = new Float64Array(step.n);
  const width = new Float64Array(step.n);
  const order = [];
  for (const root of roots) for (const row of step.below(root)) order.push(row);
  for (const row of order) width[row] = Math.max(0, weight(row)) || 0;
  for (let at = order.length - 1; at >= 0; at -= 1) {
    const above = step.parent[order[at]];
    if (above >= 0) width[above] += width[order[at]];
  }
  const total = roots.reduce((sum, root) => sum + width[root], 0);
  if (!(total > 0)) return { start, width: width.fill(0), total: 0 };
  let left = 0;
  for (const root of roots) {
    start[root] = left / total;
    left += width[root];
  }
  const tops = new Set(roots);
  const used = new Float64Array(step.n);
  for (const row of order) {
    const above = step.parent[row];
    if (above >= 0 && !tops.has(row)) {
      start[row] = start[above] + used[above] / total;
      used[above] += width[row];
    }
  }
  for (const row of order) width[row] /= total;
  return { start, width, total };
}

/**
 * @typedef {object} Cell
 * @property {number} row -1 for a merged pixel column
 * @property {number} x px
 * @property {number} width px
 * @property {number} depth line
 * @property {number} value mean advantage, NaN: none is known
 */

/**
 * @param {Step} step @param {number[]} rows in walk order
 * @param {{start: Float64Array, width: Float64Array}} span @param {ArrayLike<number>} value
 * @param {number} pixels width of all of it
 * @returns {{cells: Cell[], drawn: number, merged: number, depths: number}}
 */
export function cells(step, rows, span, value, pixels) {
  /** @type {Cell[]} */
  const found = [];
  /** @type {Map<number, {sum: number, known: number}>} */
  const columns = new Map();
  let merged = 0;
  let drawn = 0;
  let depths = 0;
  for (const row of rows) {
    const x = span.start[row] * pixels;
    const width = span.width[row] * pixels;
    if (x + width < 0 || x > pixels || !(width > 0)) continue;
    const depth = step.depth[row];
    depths = Math.max(depths, depth + 1);
    if (width >= 2) {
      found.push({ row, x, width, depth, value: value[row] });
      drawn += 1;
      continue;
    }
    merged += 1;
    const key = depth * 100_000 + Math.max(0, Math.floor(x));
    const column = columns.get(key) ?? { sum: 0, known: 0 };
    columns.set(key, column);
    if (!Number.isNaN(value[row])) {
      column.sum += value[row];
      column.known += 1;
    }
  }
  for (const [key, { sum, known }] of columns) {
    found.push({
      row: -1,
      x: key % 100_000,
      width: 1,
      depth: Math.floor(key / 100_000),
      value: known ? sum / known : NaN,
    });
  }
  return { cells: found, drawn, merged, depths };
}
