import { must } from "../../core/errors.js";
import type { TokenSet } from "../../core/exchange/token-set.js";
import type { User } from "../../core/exchange/user.js";
import { ANY, checkOptions, type Examples, type ExamplesOf, FUNCTION, OBJECT, TEXT } from "../../core/options.js";
import { purposeOf } from "../../core/relying-party/config.js";
import { createUserSessions } from "../../core/relying-party/user-sessions.js";
import { readSession } from "../../core/session/reading.js";
import { WriteQueue } from "../../core/session/write-queue.js";
import { clientKey } from "../../core/store/client-key.js";
import type { AuthOptions } from "../lib/auth-options.js";
import { connectable } from "../lib/checks.js";
import { authExamples } from "../lib/config.js";
import { portsOf } from "../lib/ports.js";

/** The content of a session for tests, and those options of the adapter under test that its cookies depend on. */
export interface MintOptions<Data>
  extends Pick<AuthOptions<Data>, "session" | "store" | "now" | "provider" | "providers"> {
  /** The same as the adapter's; no `LATCHKEY_*` variable is read. Required, here or in `provider`. */
  issuer?: string;
  /** The same as the adapter's. Required, here or in `provider`. */
  clientId?: string;
  /** Required, and the same as the adapter's. */
  secret?: string | readonly string[];
  /** The same as the adapter's: its protocol decides the names of cookies. @default "https://app.example" */
  baseUrl?: string | readonly string[];
  /** Required. The user of the session; needs a `sub`. */
  user: User;
  /** The app's own data. @default {} */
  data?: Data;
  /** The name of the provider that the user signed in with. Required with `providers`. */
  providerName?: string;
  /** Tokens of the session; `expiresAt` in milliseconds since the epoch. @default none */
  tokens?: TokenSet;
}

/** Includes all options of the adapters, so that an app can pass its own options. A session depends on few of them. */
const examples: ExamplesOf<AuthOptions & MintOptions<unknown>> & Examples = {
  ...authExamples,
  env: OBJECT,
  waitUntil: FUNCTION,
  user: OBJECT,
  providerName: TEXT,
  data: ANY,
  tokens: OBJECT,
};

/** The client of the user's provider: members that are not set are undefined. */
function clientOf(options: MintOptions<unknown>) {
  const { provider, providers, providerName } = options;
  const named = providers && {
    providerName,
    ...(Object.hasOwn(providers, `${providerName}`) && providers[`${providerName}`]),
  };
  const { issuer, clientId } = named ?? { ...provider, ...options };
  return { ...(named && { providerName }), issuer, clientId };
}

/**
 * The Cookie header of a browser whose user is signed in, for tests of an app that uses a latchkey adapter. Pass the adapter's
 * own options, and a user.
 *
 * @example
 * ```ts
 * import { createAuth } from "latchkey/edge";
 * import { mintSession } from "latchkey/testing";
 *
 * const options = {
 *   issuer: "https://op.example",
 *   clientId: "client",
 *   clientSecret: "client-secret",
 *   secret: "a secret of at least thirty-two characters",
 *   baseUrl: "https://app.example",
 * };
 * const app = createAuth(options);
 * const cookie = await mintSession({ ...options, user: { sub: "alice", name: "Alice" } });
 * const session = await app.getSession(new Request("https://app.example/", { headers: { cookie } }));
 * console.log(session?.user.name);
 * ```
 * @throws MisuseError (`invalid_config`) when an option is unknown, missing or of another type
 * @throws ExchangeError (`store_unavailable`) when the store cannot take the session
 */
export async function mintSession<Data = Record<string, unknown>>(options: MintOptions<Data>): Promise<string> {
  const client = clientOf(options ?? {});
  checkOptions(
    options,
    examples,
    Object.entries({ ...client, secret: options?.secret, user: options?.user }).flatMap(([name, value]) =>
      value ? [] : `mintSession: set ${name}`,
    ),
  );
  must(options.user.sub, "mintSession: set user.sub");
  const {
    providers,
    providerName: name,
    secret = "",
    baseUrl = "https://app.example",
    session = {},
    user,
    data,
    tokens,
  } = options;
  must(options.store || session.storage !== "store", 'mintSession: session.storage "store" needs the store');
  const [first = ""] = [baseUrl].flat();
  const { schema: _checkedWhenOpened, ...rest } = session;
  const ports = portsOf(options);
  const { issuer = "", clientId = "" } = client;
  const provider = { issuer, clientId, httpTimeout: 0 };
  const emit = () => {};
  const sessions = createUserSessions<Data>(
    {
      ...rest,
      secret,
      purpose: purposeOf([{ name, provider }]),
      cookie: { ...rest.cookie, secure: first.startsWith("https:") },
    },
    connectable(options.store)?.connect({ providers: [{ provider }], session: rest }, ports, emit),
    ports,
    emit,
  );
  const writes = new WriteQueue(sessions, await readSession(sessions, null));
  const signedIn = {
    user,
    data: data ?? ({} as Data),
    ...(providers && { provider: `${name}`, client: clientKey(provider) }),
  };
  const lines = await writes.commit((draft) => draft.begin(signedIn, tokens), { roll: true });
  return lines.map((line) => line.slice(0, line.indexOf(";"))).join("; ");
}
