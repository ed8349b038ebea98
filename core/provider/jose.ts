import { compactVerify } from "jose/jws/compact/verify";
import type { VerifyJws } from "./keys.js";

export const verifyWithJose: VerifyJws = (token, algorithm, keyOf) =>
  compactVerify(token, (header) => keyOf(header) as never, { algorithms: [algorithm] });
