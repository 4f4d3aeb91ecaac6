// Python source as runs of text with a class: enough to read by. It is never executed, and
// takes time linear in its length.

const KEYWORDS = new Set(
  [
    "False None True and as assert async await break case class continue def del elif else except finally",
    "for from global if import in is lambda match nonlocal not or pass raise return try while with yield",
  ].flatMap((line) => line.split(" ")),
);
const DELEGATION = new Set(["launch_subagent", "finish"]);
/** A string by its quotes; one that does not end goes on to the end of its line, or of the text. */
const STRINGS = [
  /"""[\s\S]*?(?:"""|$)/,
  /'''[\s\S]*?(?:'''|$)/,
  /"(?:\\.|[^"\\\n])*"?/,
  /'(?:\\.|[^'\\\n])*'?/,
];
const TOKEN = new RegExp(
  [
    /(#[^\n]*)/, // a comment
    new RegExp(`((?:[rbfRBF]{0,2})(?:${STRINGS.map((kind) => kind.source).join("|")}))`),
    /(\b\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?\b)/, // a number
    /([^\W\d]\w*)/, // a name
  ]
    .map((part) => part.source)
    .join("|"),
  "gu",
);

/**
 * @param {string} code
 * @returns {[string, "" | "k" | "t" | "n" | "d" | "c"][]}
 */
export function highlight(code) {
  /** @type {[string, "" | "k" | "t" | "n" | "d" | "c"][]} */
  const runs = [];
  let end = 0;
  for (const found of code.matchAll(TOKEN)) {
    if (found.index > end) runs.push([code.slice(end, found.index), ""]);
    const [text, comment, string, number, name] = found;
    const kind = comment
      ? "c"
      : string
        ? "t"
        : number
          ? "n"
          : DELEGATION.has(name)
            ? "d"
            : KEYWORDS.has(name)
              ? "k"
              : "";
    runs.push([text, kind]);
    end = found.index + text.length;
  }
  if (end < code.length) runs.push([code.slice(end), ""]);
  return runs;
}
