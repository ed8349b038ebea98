import { decode, encode } from "jose/base64url";
import { toBytes } from "../../core/bytes.js";
import { MisuseError, must } from "../../core/errors.js";
import { TEXT } from "../../core/options.js";
import type { ClientAssertion } from "../../core/provider/client-authentication.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider } from "./description.js";

/** The options of {@link apple}. */
export interface AppleOptions
  extends Omit<DescriptionOptions, "clientSecret" | "clientAuthentication" | "responseMode"> {
  /** Required. The id of the developer team, of ten characters. */
  teamId?: string;
  /** Required. The id of the key. */
  keyId?: string;
  /** Required. The text of the `.p8` file: the private key as PEM. */
  privateKey?: string;
}

const ISSUER = "https://appleid.apple.com";

/** Seconds for which a secret is valid. Apple allows six months; the key signs a new one for each request. */
const LIFETIME = 300;

/** Makes the client's secret of the key for each request: a JWT by ES256. */
function createSecret({ teamId, keyId, privateKey }: Required<Pick<AppleOptions, "teamId" | "keyId" | "privateKey">>) {
  const [, body] = /-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----/.exec(privateKey) ?? [];
  must(body, "apple.privateKey must be the text of the .p8 file");
  const der = decode(
    body
      .replace(/\s+|\\n|=/g, "")
      .replaceAll("+", "-")
      .replaceAll("/", "_"),
  );
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  // The key is kept, and never the promise of it: on Workers a promise belongs to the request that made it.
  let key: CryptoKey | undefined;
  const secret: ClientAssertion = {
    async addTo(form, { clientId }, { now }) {
      try {
        key ??= await crypto.subtle.importKey("pkcs8", der as never, algorithm, false, ["sign"]);
      } catch (cause) {
        throw new MisuseError("invalid_config", "apple.privateKey is no key of P-256", { cause });
      }
      const iat = Math.floor(now() / 1000);
      const header = { alg: "ES256", kid: keyId };
      const claims = { iss: teamId, iat, exp: iat + LIFETIME, aud: ISSUER, sub: clientId };
      const text = [header, claims].map((part) => encode(JSON.stringify(part))).join(".");
      const signature = await crypto.subtle.sign(algorithm, key, toBytes(text) as never);
      form.set("client_secret", `${text}.${encode(new Uint8Array(signature))}`);
    },
  };
  return secret;
}

/**
 * Apple. The secret is made of the key for each request, so that none expires.
 *
 * - The secret (ES256, `iss` is the team, `sub` the client, at most six months):
 *   https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret
 * - With the scopes `name` and `email` the answer is a form post, and `user` comes with the first sign-in only:
 *   https://developer.apple.com/documentation/signinwithapple/request-an-authorization-to-the-sign-in-with-apple-server
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { apple } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: apple({ teamId: "TEAM123456", keyId: "KEY1234567", privateKey: process.env.APPLE_KEY }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const apple = (options: AppleOptions): ProviderOptions =>
  describeProvider(
    "apple",
    options,
    { teamId: TEXT, keyId: TEXT, privateKey: TEXT },
    ["teamId", "keyId", "privateKey"],
    ({ teamId = "", keyId = "", privateKey = "" }) => ({
      issuer: ISSUER,
      scope: "openid name email",
      responseMode: "form_post",
      clientAuthentication: createSecret({ teamId, keyId, privateKey }),
    }),
  );

/** The name that Apple sends with the first sign-in of a user, and never again. */
export interface AppleUser {
  readonly given_name?: string;
  readonly family_name?: string;
  readonly name?: string;
}

/**
 * The name in the `params` of `onSignIn`; empty for any later sign-in. It came through the browser and is not verified: the user can
 * write what they like into it. The e-mail address is in the ID Token.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { apple, appleUser } from "latchkey/providers";
 *
 * const provider = apple({ teamId: "TEAM123456", keyId: "KEY1234567", privateKey: process.env.APPLE_KEY });
 * const app = express();
 * app.use(auth({ provider, onSignIn: ({ user, params }) => ({ user: { ...user, ...appleUser(params) } }) }));
 * ```
 */
export function appleUser({ user }: Readonly<Record<string, string>>): AppleUser {
  try {
    const { firstName, lastName } = JSON.parse(user ?? "{}").name ?? {};
    const [given_name, family_name] = [firstName, lastName].map((part) =>
      typeof part === "string" && part ? part.slice(0, 100) : undefined,
    );
    const name = [given_name, family_name].filter(Boolean).join(" ");
    return {
      ...(given_name ? { given_name } : {}),
      ...(family_name ? { family_name } : {}),
      ...(name ? { name } : {}),
    };
  } catch {
    // The text is not of Apple, so it has no name in it.
    return {};
  }
}
