import { portable } from "../peers/portable.js";
import { session } from "../reference.js";
import { prepare } from "./codecs.js";

/** Values instead of promises: on Workers a promise belongs to the request that created it. */
const prepared = new Map();

/**
 * Responds to `/?codec=jose&operation=open&count=100` after `count` calls. A worker's clock stands still while code runs, so the
 * client measures the time.
 */
export async function respond(request) {
  const parameters = new URL(request.url).searchParams;
  const peer = portable.find(({ name }) => name === parameters.get("codec"));
  if (!prepared.has(peer)) prepared.set(peer, await prepare(peer, session));
  const call = prepared.get(peer)[parameters.get("operation")];
  for (let left = Number(parameters.get("count")); left > 0; left--) await call();
  return new Response("done");
}
