import { toText } from "../bytes.js";
import { ExchangeError, exchangeErrorOf } from "../errors.js";
import { failure } from "../events.js";
import { isObject } from "../is-object.js";
import { checkTimes, firstWrong, isText, type Members } from "../provider/claims.js";
import { invalidToken } from "../provider/id-token.js";
import { verifyJws } from "../provider/jose.js";
import { verifySignature } from "../provider/keys.js";
import { createNetwork } from "../provider/network.js";
import type { Reply } from "../request/response.js";
import { clientKey } from "../store/client-key.js";
import type { ConnectedStore } from "../store/store.js";
import { unverifiedClaims } from "../unverified-claims.js";
import { json, methodNotAllowed, unavailable } from "./replies.js";
import type { AppProvider, ProviderContext, RequestContext } from "./request-context.js";

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

/**
 * Answers a logout token (OpenID Connect Back-Channel Logout 1.0, 2.5 to 2.8): 200 when the sessions have ended, 400 for a token that
 * is not valid or was used before, 503 when the store or the provider's keys cannot be reached: the provider then tries again.
 */
export async function answerLogoutToken<Data>(opened: RequestContext<Data>): Promise<Reply> {
  const { request } = opened;
  if (request.method !== "POST") return methodNotAllowed("POST");
  const store = opened.store as ConnectedStore;
  const token = new URLSearchParams((await request.text?.()) ?? "").get("logout_token") ?? "";
  const context = opened.at(providerOf(opened, token).config.name) as ProviderContext<Data>;
  const { emit } = context;
  try {
    const claims = await verifyLogoutToken(context, token);
    const { sub, sid, jti, iat, exp } = claims as { sub?: string; sid?: string; jti: string; iat: number; exp: number };
    const tokenId = `${context.config.provider.issuer} ${jti}`;
    const life = (exp + context.exchange.clockTolerance) * 1000 - context.ports.now();
    // 2.4: a `sid` means one session; the other sessions of the user stay.
    const client = clientKey(context.config.provider);
    await store.signOut({ client, ...(sid === undefined ? { sub: sub as string } : { sid }) }, { issuedAt: iat });
    // Last, so that the provider may try again if the store fails on the way: ending the same sessions twice changes nothing.
    if (!(await store.isFirstUse(tokenId, life)))
      throw new ExchangeError("logout_token_invalid", { cause: { claim: "jti" } });
    emit({ type: "signed_out" });
    return json(200, {});
  } catch (thrown) {
    const error = exchangeErrorOf(thrown);
    emit(failure(error));
    if (error.status === 503) return unavailable(error.code);
    const { claim } = (error.cause ?? {}) as { readonly claim?: string };
    return json(400, { error: "invalid_request", error_description: claim ? `${error.code}: ${claim}` : error.code });
  }
}

/** The provider that a token says to be of, before anything of the token is verified; the first one for a token that says nothing. */
function providerOf<Data>({ providers }: RequestContext<Data>, token: string): AppProvider<Data> {
  const { iss, aud } = unverifiedClaims(token) ?? {};
  const isNamed = ({ config: { provider } }: AppProvider<Data>) =>
    provider.issuer === iss && [aud].flat().includes(provider.clientId);
  return providers.find(isNamed) ?? (providers[0] as AppProvider<Data>);
}

async function verifyLogoutToken<Data>({ config, ports }: ProviderContext<Data>, token: string): Promise<Members> {
  const { provider } = config;
  try {
    // Refused without a request to the provider, because any client can send such tokens.
    if (!/^([\w-]+\.){2}[\w-]+$/.test(token)) throw new TypeError("no JWT");
    const network = { ...createNetwork(provider, ports), verifyJws };
    const { payload, protectedHeader } = await verifySignature(network, token, provider.idTokenSigningAlg);
    const claims = JSON.parse(toText(payload)) as Members;
    const { iss, aud, sub, sid, jti, events } = claims;
    const claim = firstWrong({
      // 2.4 recommends it; an access token (`at+jwt`) has another type.
      typ: /^(application\/)?(logout\+)?jwt$/i.test(`${protectedHeader["typ"] ?? "jwt"}`),
      iss: iss === provider.issuer,
      aud: [aud].flat().includes(provider.clientId),
      ...checkTimes(claims, ports.now() / 1000, provider.clockTolerance),
      jti: isText(jti),
      events: isObject(events) && isObject((events as Members)[EVENT]),
      // 2.4: an ID Token must not pass as a logout token.
      nonce: !("nonce" in claims),
      sub: sub === undefined ? isText(sid) : isText(sub),
      sid: sid === undefined || isText(sid),
    });
    if (claim) throw new ExchangeError("logout_token_invalid", { cause: { claim } });
    return claims;
  } catch (thrown) {
    throw invalidToken("logout_token_invalid", thrown);
  }
}
