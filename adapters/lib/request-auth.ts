import type { RequestAuth as CoreRequestAuth } from "../../core/relying-party/request-auth.js";

/** {@link CoreRequestAuth} with the request options of the platform's own `fetch`. */
export type RequestAuth<Data, Answer> = CoreRequestAuth<Data, Answer, RequestInit>;
