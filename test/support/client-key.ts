import { generateKeyPairSync } from "node:crypto";

/** The private key of a client, as an app's environment has it: the JSON of a JWK. */
export const clientKey = (): string =>
  JSON.stringify({
    ...generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }),
    alg: "ES256",
  });
