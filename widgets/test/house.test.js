// How the sources hang together: which room may import which, and what a file may be. An import in a comment
// of types counts like any other.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SRC = join(dirname(fileURLToPath(import.meta.url)), "..", "src");
const LONGEST_LINE = 110;
const LONGEST_FILE = 400;

const TYPEDEF = /^(?:\/\*\*)? ?\*? ?@typedef \{[^@]*?\}+ (\w+)/gm;

/** What a room shows to others: these of its files, "*" for all. The app may import all of it. */
const FACES = /** @type {Record<string, string[]>} */ ({
  shared: ["*"],
  step: ["*"],
  tree: ["tree.js", "layout.js"],
  outline: ["outline.js", "rows.js"],
  icicle: ["icicle.js"],
  siblings: ["siblings.js"],
  inspector: ["inspector.js", "who.js", "host.js"],
  credit: ["page.js", "whatif.js", "rule.js"],
  tokens: ["page.js"],
  help: ["help.js"],
  forks: ["pane.js"],
  group: ["group.js", "host.js"],
  evolution: ["evolution.js", "host.js"],
  timeline: ["view.js", "strip.js", "replay.js", "timing.js", "times.js"],
  badges: ["badges.js", "host.js"],
  board: ["board.js", "series.js", "words.js"],
});

/** Which rooms a room may import besides itself. The rooms that are not named: `step` and `shared`. */
const MAY = /** @type {Record<string, string[]>} */ ({
  shared: [],
  step: ["shared"],
  credit: ["step", "shared", "inspector"],
  timeline: ["step", "shared", "outline"],
  tokens: ["step", "shared", "inspector"],
  app: Object.keys(FACES),
});

/** @param {string} folder @param {string} end @returns {Map<string, string>} texts by path from the folder */
function textsOf(folder, end) {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(end))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return new Map(paths.map((path) => [path.replaceAll("\\", "/"), readFileSync(join(folder, path), "utf8")]));
}

const sources = textsOf(SRC, ".js");
const tests = textsOf(dirname(fileURLToPath(import.meta.url)), ".js");

/**
 * The files it imports, by path from the sources.
 * @param {string} file @param {string} text @returns {string[]}
 */
function importsOf(file, text) {
  const found = text.matchAll(/(?:from |import |import\()"(\.[^"]+)"/g);
  return [...found].map(([, path]) => posix.join(posix.dirname(file), path));
}

/** @param {string} file */
function roomOf(file) {
  return file.includes("/") ? file.split("/")[0] : "";
}

/** @param {string} from @param {string} to files @returns {boolean} */
function allowed(from, to) {
  const [room, other] = [roomOf(from), roomOf(to)];
  if (room === other || !room) return true; // the entry of the bundle joins what it likes
  if (room === "app" && to.endsWith(".css")) return true;
  const shown = FACES[other] ?? [];
  const face = shown.includes("*") || shown.includes(to.slice(other.length + 1));
  return (MAY[room] ?? ["step", "shared"]).includes(other) && face;
}

test("a room imports step and shared; of others only what they show, and only if the table allows it", () => {
  const wrong = [];
  for (const [file, text] of sources) {
    for (const other of importsOf(file, text)) if (!allowed(file, other)) wrong.push(`${file} -> ${other}`);
  }
  assert.deepEqual(wrong, []);
});

test("nobody but the entry of the bundle knows the app", () => {
  const knowing = [...sources].filter(([file, text]) => importsOf(file, text).includes("app/app.js"));
  assert.deepEqual(knowing.map(([file]) => file), ["explorer.js"]);
});

test("each view names in its host.js what it needs of the app", () => {
  const views = Object.keys(FACES).filter((room) => !FACES[room].includes("*"));
  for (const room of views) {
    const users = [...sources].filter(([file, text]) => importsOf(file, text).includes(`${room}/host.js`));
    assert.ok(users.some(([file]) => roomOf(file) === room), room);
  }
  const elsewhere = [...sources].filter(([file, text]) => {
    return views.includes(roomOf(file)) && !file.endsWith("/host.js") && /@typedef .*Host\b *$/m.test(text);
  });
  assert.deepEqual(elsewhere.map(([file]) => file), []);
});

test("files do not import each other in a circle", () => {
  /** @type {Set<string>} */
  const done = new Set();
  /** @param {string} file @param {string[]} path */
  const visit = (file, path) => {
    assert.ok(!path.includes(file), [...path.slice(path.indexOf(file)), file].join(" -> "));
    if (done.has(file)) return;
    for (const other of importsOf(file, sources.get(file) ?? "")) visit(other, [...path, file]);
    done.add(file);
  };
  for (const file of sources.keys()) visit(file, []);
});

test("every import leads to a file, and every style sheet is imported", () => {
  const sheets = new Set(textsOf(SRC, ".css").keys());
  const wanted = [...sources].flatMap(([file, text]) => importsOf(file, text));
  assert.deepEqual(wanted.filter((file) => !sources.has(file) && !sheets.has(file)), []);
  assert.deepEqual([...sheets].filter((sheet) => !wanted.includes(sheet)), []);
});

test("what is exported is imported elsewhere", () => {
  /** @type {Set<string>} */
  const used = new Set();
  const all = [...sources, ...[...tests].map(([file, text]) => [`../test/${file}`, text])];
  for (const [file, text] of all) {
    for (const [, names, path] of text.matchAll(/import \{([^}]+)\} from "(\.[^"]+)"/g)) {
      const from = posix.join(posix.dirname(file), path).replace("../src/", "");
      for (const name of names.split(",")) used.add(`${from} ${name.trim().split(" as ")[0]}`);
    }
  }
  const unused = [];
  for (const [file, text] of sources) {
    if (file === "explorer.js") continue; // its exports are the bundle's
    for (const [, name] of text.matchAll(/^export (?:const|class|function) (\w+)/gm)) {
      if (!used.has(`${file} ${name}`)) unused.push(`${file}: ${name}`);
    }
  }
  assert.deepEqual(unused, []);
});

test("a type that has a name is used by it", () => {
  const unused = [];
  for (const [file, text] of sources) {
    for (const [, name] of text.matchAll(TYPEDEF)) {
      const here = (text.match(new RegExp(`\\b${name}\\b`, "g")) ?? []).length > 1;
      const there = [...sources.values(), ...tests.values()].some((other) =>
        new RegExp(`import\\("[^"]*${posix.basename(file)}"\\)\\.${name}\\b`).test(other),
      );
      if (!here && !there) unused.push(`${file}: ${name}`);
    }
  }
  assert.deepEqual(unused, []);
});

test("lines and files are short", () => {
  const wrong = [];
  for (const [file, text] of [...sources, ...textsOf(SRC, ".css"), ...tests]) {
    const lines = text.split("\n");
    if (lines.length - 1 > LONGEST_FILE) wrong.push(`${file}: ${lines.length - 1} lines`);
    const at = lines.findIndex((line) => line.length > LONGEST_LINE);
    if (at >= 0) wrong.push(`${file}:${at + 1}: ${lines[at].length} characters`);
  }
  assert.deepEqual(wrong, []);
});
