import type { AuthSession, RequestAuth as CoreRequestAuth } from "../../core/relying-party/request-auth.js";

/** {@link CoreRequestAuth} with the request options of the platform's own `fetch`. */
export type RequestAuth<Data, Answer> = CoreRequestAuth<Data, Answer, RequestInit>;

/** A {@link RequestAuth} behind a guard: its session is not null. After `logout`, it has none all the same. */
export interface SignedInAuth<Data, Answer> extends RequestAuth<Data, Answer> {
  readonly session: AuthSession<Data>;
}
