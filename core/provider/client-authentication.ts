import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  modifyAssertion,
  None,
  PrivateKeyJwt,
} from "oauth4webapi";
import type { Awaitable, Ports } from "../ports.js";
import type { ProviderSettings } from "./provider.js";

/** How the client proves who it is (OpenID Connect Core 9). */
export type ClientAuthentication = "client_secret_basic" | "client_secret_post" | "private_key_jwt" | "none";

/** A private key to sign client assertions with, imported by the adapter. */
export interface ClientPrivateKey {
  readonly key: Awaitable<object>;
  readonly kid?: string | undefined;
}

/** Seconds that a client assertion is good for. */
const ASSERTION_LIFETIME = 60;

/** The configured method. */
export function clientAuth(settings: ProviderSettings, { now }: Pick<Ports, "now">): ClientAuth {
  const { clientAuthentication, clientSecret = "", clientPrivateKey } = settings;
  if (clientAuthentication === "client_secret_basic") return ClientSecretBasic(clientSecret);
  if (clientAuthentication === "client_secret_post") return ClientSecretPost(clientSecret);
  if (clientAuthentication === "none" || !clientPrivateKey) return None();
  return async (as, client, body, headers) => {
    const { kid } = clientPrivateKey;
    const sign = PrivateKeyJwt(
      { key: (await clientPrivateKey.key) as never, kid: kid as string },
      {
        // By the clock that everything else goes by.
        [modifyAssertion](_header, payload) {
          const seconds = Math.floor(now() / 1000);
          Object.assign(payload, { iat: seconds, nbf: seconds, exp: seconds + ASSERTION_LIFETIME });
        },
      },
    );
    await sign(as, client, body, headers);
  };
}
