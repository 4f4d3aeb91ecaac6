// As a program, `node groupwords.js FILE` prints what the Group view says of each step in the file, so that
// Python can compare it with its own words.
import { readFileSync } from "node:fs";
import { ShownCredit } from "../src/credit/rule.js";
import { depthFacts } from "../src/group/depths.js";
import { stepFacts, treeFacts } from "../src/group/facts.js";
import { depthSentence, groupSentence, listSentence } from "../src/group/words.js";
import { Step } from "../src/step/store.js";

/** @param {any} snapshot head and buffers of a step, in base64 */
function said({ head, buffers }) {
  const views = buffers.map((/** @type {string} */ text) => {
    const bytes = Buffer.from(text, "base64");
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  });
  const shown = new ShownCredit(Step.from(head, views), 0, null);
  const facts = stepFacts(shown);
  const depths = depthFacts(shown);
  return {
    groups: facts.groups.map((fact) => groupSentence(fact, shown.config)),
    roots: facts.groups.map((fact) => treeFacts(shown, fact).map(({ at, b, A, depth }) => [at, b, A, depth])),
    list: listSentence(facts),
    depths: depthSentence(depths),
    shares: depths.rows.map(({ share, other }) => [share, other]),
  };
}

const [, program, file] = process.argv;
if (program?.endsWith("groupwords.js") && file) {
  console.log(JSON.stringify(JSON.parse(readFileSync(file, "utf8")).map(said)));
}
