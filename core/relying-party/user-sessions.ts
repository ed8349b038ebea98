import type { UntimedEvent } from "../events.js";
import type { TokenSet } from "../exchange/token-life.js";
import type { Ports } from "../ports.js";
import { packed } from "../seal/payload.js";
import { inCookies } from "../session/keeping.js";
import { createSessions, type Sessions, type SessionsOptions } from "../session/sessions.js";
import type { SignedIn } from "./config.js";

/** Sessions of people who signed in: with their tokens, which are packed. */
export const createUserSessions = <Data>(
  options: SessionsOptions<SignedIn<Data>>,
  ports: Pick<Ports, "now" | "random">,
  emit: (event: UntimedEvent) => void,
): Sessions<SignedIn<Data>, TokenSet> =>
  createSessions({ ...options, storage: options.storage ?? inCookies, codec: packed }, ports, emit);
