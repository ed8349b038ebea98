import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

/*
 * Both engines compute on other threads: HKDF by a callback of Node, all else by Web Crypto. How long that takes depends on how busy
 * the machine is, so that no pause of a fixed length is long enough. Here it is counted.
 */
let pending = 0;

const { subtle } = globalThis.crypto;
for (const name of ["importKey", "deriveBits", "digest", "encrypt", "decrypt"] as const) {
  const compute = subtle[name].bind(subtle) as (...args: unknown[]) => Promise<unknown>;
  const counted = (...args: unknown[]) => {
    pending++;
    const result = compute(...args);
    const end = () => void pending--;
    result.then(end, end);
    return result;
  };
  Object.defineProperty(subtle, name, { value: counted, configurable: true, writable: true });
}

const hkdf = crypto.hkdf as (...args: unknown[]) => void;
Object.assign(crypto, {
  hkdf(...args: unknown[]) {
    const done = args.pop() as (...results: unknown[]) => void;
    pending++;
    hkdf(...args, (...results: unknown[]) => {
      pending--;
      done(...results);
    });
  },
});
syncBuiltinESMExports();

/** Waits until no cryptography is under way, however busy the machine is, and all that waited for its results has gone on. */
export async function cryptoIsIdle(): Promise<void> {
  do await new Promise((resolve) => (pending > 0 ? setTimeout(resolve, 1) : setImmediate(resolve)));
  while (pending > 0);
}
