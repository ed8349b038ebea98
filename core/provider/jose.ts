import { compactVerify } from "jose/jws/compact/verify";
import type { Verify } from "./keys.js";

export const verifyWithJose: Verify = (token, algorithm, keyOf) =>
  compactVerify(token, (header) => keyOf(header) as never, { algorithms: [algorithm] });
