import { importJWK } from "jose/key/import";
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  modifyAssertion,
  None,
  PrivateKeyJwt,
} from "oauth4webapi";
import type { Ports } from "../ports.js";
import type { ProviderSettings } from "./provider.js";

/** How the client proves who it is (OpenID Connect Core 9). */
export type ClientAuthentication = "client_secret_basic" | "client_secret_post" | "private_key_jwt" | "none";

/** Seconds that a client assertion is good for. */
const ASSERTION_LIFETIME = 60;

/** The configured method; a private key is imported when it is first needed. */
export function clientAuth(settings: ProviderSettings, { now }: Pick<Ports, "now">): ClientAuth {
  const { clientAuthentication, clientSecret = "", clientPrivateKey = {} } = settings;
  if (clientAuthentication === "client_secret_basic") return ClientSecretBasic(clientSecret);
  if (clientAuthentication === "client_secret_post") return ClientSecretPost(clientSecret);
  if (clientAuthentication === "none") return None();
  const { alg, kid } = clientPrivateKey;
  let key: ReturnType<typeof importJWK> | undefined;
  return async (as, client, body, headers) => {
    key ??= importJWK(clientPrivateKey as never, alg as string);
    const named = { key: await key, ...(typeof kid === "string" ? { kid } : {}) };
    const sign = PrivateKeyJwt(named as never, {
      // By the clock that everything else goes by.
      [modifyAssertion](_header, payload) {
        const seconds = Math.floor(now() / 1000);
        Object.assign(payload, { iat: seconds, nbf: seconds, exp: seconds + ASSERTION_LIFETIME });
      },
    });
    await sign(as, client, body, headers);
  };
}
