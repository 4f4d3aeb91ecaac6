// Python source as runs of text with a class: enough to read by, never executed, linear in its length.

const KEYWORDS = new Set(
  "False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield match case".split(" "),
);
const DELEGATION = new Set(["launch_subagent", "finish"]);
const TOKEN = /(#[^\n]*)|((?:[rbfRBF]{0,2})(?:"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))|(\b\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|([^\W\d]\w*)/gu;

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
    const kind = comment ? "c" : string ? "t" : number ? "n" : DELEGATION.has(name) ? "d" : KEYWORDS.has(name) ? "k" : "";
    runs.push([text, kind]);
    end = found.index + text.length;
  }
  if (end < code.length) runs.push([code.slice(end), ""]);
  return runs;
}
