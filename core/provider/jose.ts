import { compactVerify } from "jose/jws/compact/verify";
import type { VerifyJws } from "./keys.js";

export const verifyWithJose: VerifyJws = (token, algorithm, keyOf) =>
  compactVerify(token, (header) => {
    // In the place of the option `algorithms` (RFC 8725 3.1), whose error does not say which algorithm it was. jose asks for the key
    // before it looks at the signature.
    if (header.alg !== algorithm) throw new TypeError(`signed with ${header.alg}, not ${algorithm}`);
    return keyOf(header) as never;
  });
