// Bundles src/explorer.js and its style sheet into one ES module, rao_lab/views/static/explorer.js; beside it
// stand, for Python, the board's table of metrics, metrics.json, and the tones of a light page, tones.json.
// The first line carries a hash of everything the bundle is made of, so that a Python test finds a
// stale bundle without Node. `--check` compares instead of writing.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync, mkdirSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { CATALOGUE } from "./src/board/catalogue.js";
import { EDGED, PLACES } from "./src/board/scale.js";
import { coloursOf } from "./src/shared/theme.js";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "rao_lab", "views", "static", "explorer.js");
const metrics = join(dirname(target), "metrics.json");
const tones = join(dirname(target), "tones.json");

/** @param {string} folder @returns {string[]} every file below, sorted by its path with forward slashes */
function sources(folder) {
  const found = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return found.sort((a, b) => (slashed(a) < slashed(b) ? -1 : 1));
}

/** @param {string} path */
function slashed(path) {
  return relative(here, path).split(sep).join("/");
}

/** The hash a Python test recomputes: path, NUL, content, NUL for each file. */
function sourceHash() {
  const hash = createHash("sha256");
  const files = [...sources(join(here, "src")), join(here, "build.mjs"), join(here, "package.json")];
  for (const file of files) {
    hash.update(slashed(file)).update("\0").update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}

const result = await build({
  entryPoints: [join(here, "src", "explorer.js")],
  bundle: true,
  format: "esm",
  minify: true,
  charset: "utf8",
  target: "es2022",
  loader: { ".css": "text" }, // the style sheet travels inside the module: one file to load
  legalComments: "none",
  write: false,
  logLevel: "warning",
});
const bundle = `// rao-lab explorer, built by widgets/build.mjs; sources ${sourceHash()}\n${result.outputFiles[0].text}`;
const table = `[\n${CATALOGUE.map((entry) => JSON.stringify(entry)).join(",\n")}\n]\n`;
const light = { light: coloursOf(false), places: PLACES, edged: EDGED };
const colours = `${JSON.stringify(light, null, 1)}\n`;
const made = /** @type {[string, string][]} */ ([[target, bundle], [metrics, table], [tones, colours]]);

if (process.argv.includes("--check")) {
  if (made.some(([path, text]) => readFileSync(path, "utf8") !== text)) {
    console.error("rao_lab/views/static/explorer.js is stale: run `npm run build` in widgets/");
    process.exit(1);
  }
} else {
  mkdirSync(dirname(target), { recursive: true });
  for (const [path, text] of made) writeFileSync(path, text);
  console.log(`rao_lab/views/static/explorer.js: ${(bundle.length / 1024).toFixed(1)} KB`);
}
