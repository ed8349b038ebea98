import { must } from "../errors.js";
import { malformedResponse } from "../exchange/token-set.js";
import { ANY, checkOptions, type ExamplesOf, OBJECT, TEXT } from "../options.js";
import { audienceError } from "../provider/audience.js";
import { isText } from "../provider/claims.js";
import { prepareRequest } from "../provider/endpoint.js";
import { contextOf, type SignedInRequest } from "./refresh-user.js";

/** What to exchange, and for which token (RFC 8693 2.1). A type is a URI, or the last word of `urn:ietf:params:oauth:token-type:…`. */
export interface TokenExchangeOptions {
  /** The names of the services that the token is for. @default none */
  audience?: string | readonly string[];
  /** Their URLs (RFC 8707). @default none */
  resource?: string | readonly string[];
  /** Scopes of the token, separated by spaces. @default the provider decides */
  scope?: string;
  /** The type of the token, such as `"access_token"` or `"jwt"`. @default the provider decides */
  requestedTokenType?: string;
  /** The token of the party on whose behalf the token is. @default the access token of the session */
  subjectToken?: string;
  /** @default "access_token" */
  subjectTokenType?: string;
  /** A token of the party that acts for the subject: the issued token names it in `act` (RFC 8693 4.1). @default none */
  actorToken?: string;
  /** @default "access_token" */
  actorTokenType?: string;
  /** Further parameters of the token request, such as `requested_issuer`. @default none */
  params?: Readonly<Record<string, string>>;
}

/** A token that an exchange brought. It is not stored in the session. */
export interface ExchangedToken {
  readonly token: string;
  /** The URI of its type. */
  readonly issuedTokenType: string;
  /** When it expires, in milliseconds since the epoch, if the provider said so. */
  readonly expiresAt?: number | undefined;
  readonly scope?: string | undefined;
}

const examples: ExamplesOf<TokenExchangeOptions> = {
  audience: ANY,
  resource: ANY,
  scope: TEXT,
  requestedTokenType: TEXT,
  subjectToken: TEXT,
  subjectTokenType: TEXT,
  actorToken: TEXT,
  actorTokenType: TEXT,
  params: OBJECT,
};

/** Parameters of the exchange itself, which `params` cannot set. */
const OWN = /^(grant_type|client_|subject_|actor_|requested_token_type|audience|resource|scope)/;

const uriOf = (type: string): string => (type.includes(":") ? type : `urn:ietf:params:oauth:token-type:${type}`);

/** Checks the options. @throws MisuseError (`invalid_config`) */
function check(options: TokenExchangeOptions): void {
  checkOptions(options, examples);
  const { audience = [], resource = [], params = {} } = options;
  must(
    [audience, resource].flat(2).every((name) => isText(name)),
    "exchangeToken: audience and resource must hold texts",
  );
  for (const name in params)
    must(isText(params[name]) && !OWN.test(name), `exchangeToken: params cannot set ${name}, or it is no text`);
}

/**
 * Exchanges the access token of the session for a token of another service (RFC 8693): for a call to an API that acts on behalf of the
 * user. The client must be allowed to do so at the provider. Each call is a request to the provider: keep the token while it is valid.
 *
 * @example
 * ```ts
 * import { createAuth, exchangeToken } from "latchkey/edge";
 *
 * const auth = createAuth({ env: process.env });
 *
 * export const orders = auth.requireSession(async (_request, session) => {
 *   const { token } = await exchangeToken(session, { audience: "https://orders.example", scope: "read:orders" });
 *   const response = await fetch("https://orders.example/mine", { headers: { authorization: `Bearer ${token}` } });
 *   return Response.json(await response.json());
 * });
 * ```
 * @throws ExchangeError as `getAccessToken`, and with what the provider said; MisuseError (`invalid_config`) for a wrong option
 */
export async function exchangeToken<Data>(
  auth: SignedInRequest<Data>,
  options: TokenExchangeOptions,
): Promise<ExchangedToken> {
  check(options);
  const { audience, resource, scope, requestedTokenType, actorToken, params } = options;
  const context = contextOf(auth, "exchangeToken");
  const subjectToken = options.subjectToken ?? (await auth.getAccessToken());
  const client = context.atSession()?.provider.client;
  must(client, "exchangeToken needs a session");
  const send = await prepareRequest(client, "token_endpoint");
  const requestedAt = client.now();
  const response = await send({
    ...client.differences?.tokenParams,
    ...params,
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    audience,
    resource,
    scope,
    requested_token_type: requestedTokenType && uriOf(requestedTokenType),
    subject_token: subjectToken,
    subject_token_type: uriOf(options.subjectTokenType ?? "access_token"),
    actor_token: actorToken,
    actor_token_type: actorToken && uriOf(options.actorTokenType ?? "access_token"),
  });
  // RFC 8693 2.2.1: the token is in `access_token`, whatever its type; `N_A` is the type of a token that is no access token.
  const { access_token: token, issued_token_type: issued, token_type: type, expires_in: seconds } = response;
  if (!isText(token)) throw malformedResponse("access_token");
  if (!isText(issued) || (requestedTokenType && issued !== uriOf(requestedTokenType)))
    throw malformedResponse("issued_token_type");
  if (!/^(bearer|n_a)$/i.test(`${type}`)) throw malformedResponse("token_type");
  // For one of them at least: a provider may issue a token for fewer services than were requested.
  const errors = [audience ?? []].flat().map((name) => audienceError(token, name));
  if (errors[0] && errors.every(Boolean)) throw errors[0];
  const lifetime = Number(seconds ?? Number.NaN);
  return {
    token,
    issuedTokenType: issued,
    ...(lifetime >= 0 && { expiresAt: requestedAt + lifetime * 1000 }),
    ...(isText(response["scope"]) && { scope: response["scope"] }),
  };
}
