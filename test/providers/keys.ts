import { createHash, generateKeyPairSync, verify } from "node:crypto";

const client = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** A private key of the client, as a JWK. */
export const clientKey = { ...client.privateKey.export({ format: "jwk" }), alg: "ES256", kid: "client-key" };

const der = Buffer.from("what a certificate holds, which no test reads, only its thumbprint");

/** A certificate, of which the tests need the thumbprint (RFC 7515 4.1.8). */
export const certificate = {
  pem: `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----\n`,
  thumbprint: createHash("sha256").update(der).digest("base64url"),
};

const apple = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** The key of an Apple developer. */
export const appleKey = {
  pem: apple.privateKey.export({ format: "pem", type: "pkcs8" }) as string,
  hasSigned(jwt: string): boolean {
    const [head, body, signature = ""] = jwt.split(".");
    const key = { key: apple.publicKey, dsaEncoding: "ieee-p1363" } as const;
    return verify("sha256", Buffer.from(`${head}.${body}`), key, Buffer.from(signature, "base64url"));
  },
};
