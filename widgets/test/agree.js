// Compares `credit/arithmetic.js` with answers of rao_lab/credit, in the format of tests/golden/README.md.
// As a program, `node agree.js FILE` prints one JSON line with what it found, so that Python can send random
// batches.
import { readFileSync } from "node:fs";
import { attribute } from "../src/credit/arithmetic.js";
import { STATUSES } from "../src/step/status.js";

const COLUMNS = { bonus: "bonus", R: "R", b: "b", A: "A", w: "w", c: "c", share: "share" };

/**
 * @typedef {object} Row
 * @property {number} group @property {number} tree @property {number} parent @property {number} depth
 * @property {number | null} s @property {string} status @property {number} tokens
 */

/** @param {Row[]} rows */
export function tableOf(rows) {
  const groups = [...new Set(rows.map((row) => row.group))];
  const keys = [...new Set(rows.map((row) => `${row.group}/${row.tree}`))];
  const firsts = new Map();
  rows.forEach((row, index) => {
    const key = `${row.group}/${row.tree}`;
    if (!firsts.has(key)) firsts.set(key, index);
  });
  const place = new Map(keys.map((key, index) => [key, index]));
  return {
    n: rows.length,
    tree: rows.map((row) => /** @type {number} */ (place.get(`${row.group}/${row.tree}`))),
    parent: rows.map((row) => row.parent),
    depth: rows.map((row) => row.depth),
    status: rows.map((row) => STATUSES.indexOf(/** @type {any} */ (row.status))),
    // Of a node without recorded ids a server may have counted tokens: they are not trained.
    wrote: rows.map((row, place) => row.tokens || (place % 3 ? 0 : 7)),
    window: rows.map((row, place) => (row.tokens || place % 3 ? 128 : 0)),
    s: rows.map((row) => row.s ?? NaN),
    rootOf: keys.map((key) => /** @type {number} */ (firsts.get(key))),
    trees: keys.map((key) => ({ group: groups.indexOf(Number(key.split("/")[0])) })),
    groups: /** @type {{probe?: boolean}[]} */ (groups.map(() => ({}))),
  };
}

/** @param {any} file */
export function compareAll(file) {
  const found = { cases: 0, numbers: 0, largest: 0, wrong: /** @type {string[]} */ ([]) };
  for (const batch of file.batches) {
    const t = batch.table;
    const table = tableOf(
      t.parent.map((/** @type {number} */ parent, /** @type {number} */ row) => ({
        ...{ parent, group: t.group[row], tree: t.tree[row], depth: t.depth[row] },
        ...{ s: t.s[row], status: t.status[row], tokens: t.tokens[row] },
      })),
    );
    for (const item of batch.cases) {
      const given = { ...table, moving: item.moving ?? null };
      const out = /** @type {Record<string, any>} */ (attribute(given, item.config, item.share_by));
      found.cases += 1;
      /** @param {string} name @param {any[]} wanted @param {any} got */
      const check = (name, wanted, got) =>
        wanted.forEach((value, row) => {
          found.numbers += 1;
          const off =
            value === null || Number.isNaN(got[row])
              ? value === null && Number.isNaN(got[row])
                ? 0
                : Infinity
              : Math.abs(got[row] - value);
          found.largest = Math.max(found.largest, off);
          if (off > 1e-9 && found.wrong.length < 5) {
            found.wrong.push(
              `${batch.name} ${JSON.stringify(item.config)} ${name}[${row}]: ${got[row]}, not ${value}`,
            );
          }
        });
      for (const [name, column] of Object.entries(COLUMNS)) check(name, item[name], out[column]);
      check("why", item.why, out.why);
      check("child_mean", batch.children.child_mean, out.childMean);
      check("child_min", batch.children.child_min, out.childMin);
    }
  }
  return found;
}

if (process.argv[1]?.endsWith("agree.js") && process.argv[2]) {
  console.log(JSON.stringify(compareAll(JSON.parse(readFileSync(process.argv[2], "utf8")))));
}
