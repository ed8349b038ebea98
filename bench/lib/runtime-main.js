// Runs bundled on Node, Bun and Deno, and prints the cost of sealing and opening there as JSON.
import { portable } from "../peers/portable.js";
import { session } from "../reference.js";
import { prepare, sumOf } from "./codecs.js";
import { sideBySide } from "./measure.js";

const functions = {};
for (const peer of portable) {
  const { seal, open } = await prepare(peer, session);
  functions[`${peer.name} seal`] = seal;
  functions[`${peer.name} open`] = open;
}
const figures = await sideBySide(functions, JSON.parse(process.argv[2]));
console.log(
  JSON.stringify(
    Object.fromEntries(portable.map(({ name }) => [name, sumOf(figures[`${name} seal`], figures[`${name} open`])])),
  ),
);
