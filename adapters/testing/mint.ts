import type { TokenSet } from "../../core/exchange/token-set.js";
import type { User } from "../../core/exchange/user.js";
import { sealedFor } from "../../core/relying-party/config.js";
import { createUserSessions } from "../../core/relying-party/user-sessions.js";
import { readSession } from "../../core/session/reading.js";
import { WriteQueue } from "../../core/session/write-queue.js";
import type { AuthOptions } from "../lib/config.js";
import { portsOf } from "../lib/ports.js";

/** What a minted session holds, beside the options of the adapter that will read it. */
export interface MintOptions<Data>
  extends Pick<AuthOptions<Data>, "issuer" | "clientId" | "secret" | "baseUrl" | "session" | "now"> {
  /** Who is signed in; `sub` is required. */
  user: User;
  /** The app's own data. @default {} */
  data?: Data;
  /** Tokens of the session; `expiresAt` in milliseconds. @default none */
  tokens?: TokenSet;
}

/**
 * The Cookie header of a browser in which somebody is signed in, for tests of an app that uses a latchkey adapter.
 * Give it the adapter's own options: `mintSession({ ...options, user: { sub: "alice" } })`.
 */
export async function mintSession<Data = Record<string, unknown>>(options: MintOptions<Data>): Promise<string> {
  const {
    issuer = "",
    clientId = "",
    secret = "",
    baseUrl = "https://app.example",
    session = {},
    user,
    data,
    tokens,
  } = options;
  const [first = ""] = [baseUrl].flat();
  const { schema: _checkedWhenOpened, ...rest } = session;
  const sessions = createUserSessions<Data>(
    {
      ...rest,
      secret,
      purpose: sealedFor({ issuer, clientId }),
      cookie: { ...rest.cookie, secure: first.startsWith("https:") },
    },
    portsOf(options),
    () => {},
  );
  const writes = new WriteQueue(sessions, await readSession(sessions, null));
  const lines = await writes.commit((draft) => draft.begin({ user, data: data ?? ({} as Data) }, tokens), {
    roll: true,
  });
  return lines.map((line) => line.slice(0, line.indexOf(";"))).join("; ");
}
