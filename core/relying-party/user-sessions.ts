import type { UntimedEvent } from "../events.js";
import type { TokenSet } from "../exchange/token-set.js";
import type { Ports } from "../ports.js";
import { packed } from "../seal/payload.js";
import { createSessionContext, type SessionContext } from "../session/context.js";
import { inCookies } from "../session/in-cookies.js";
import type { ConnectedStore } from "../store/store.js";
import type { SignedIn } from "./config.js";

/** Sessions of signed-in users: they hold tokens, which are stored as raw bytes. */
export type UserSessions<Data> = SessionContext<SignedIn<Data>, TokenSet>;

export const createUserSessions = <Data>(
  options: Parameters<typeof createSessionContext<SignedIn<Data>>>[0],
  store: ConnectedStore | undefined,
  ports: Pick<Ports, "now" | "random">,
  emit: (event: UntimedEvent) => void,
): UserSessions<Data> =>
  createSessionContext(
    options,
    { name: "latchkey", storage: store?.storage(inCookies) ?? inCookies, codec: packed },
    ports,
    emit,
  );
