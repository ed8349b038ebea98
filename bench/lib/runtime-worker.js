import { portable } from "../peers/portable.js";
import { session } from "../reference.js";
import { prepare } from "./codecs.js";

/** Values, not promises: on Workers a promise belongs to the request that made it. */
const prepared = new Map();

/**
 * Answers `/?codec=jose&operation=open&count=100` when so many calls are done. A worker's clock stands still while code
 * runs, so it is timed by whoever asks.
 */
export async function answer(request) {
  const asked = new URL(request.url).searchParams;
  const peer = portable.find(({ name }) => name === asked.get("codec"));
  if (!prepared.has(peer)) prepared.set(peer, await prepare(peer, session));
  const call = prepared.get(peer)[asked.get("operation")];
  for (let left = Number(asked.get("count")); left > 0; left--) await call();
  return new Response("done");
}
