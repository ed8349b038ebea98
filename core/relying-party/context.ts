import { CookieTooLargeError, ExchangeError } from "../errors.js";
import { failure, type UntimedEvent } from "../events.js";
import type { ExchangeConfig } from "../exchange/machine.js";
import type { TokenSet } from "../exchange/token-life.js";
import type { Ports } from "../ports.js";
import type { Provider } from "../provider/provider.js";
import { targetOf } from "../request/reading.js";
import type { Reply, ResponseWriter } from "../request/response.js";
import type { RequestView } from "../request/view.js";
import type { SessionReading } from "../session/reading.js";
import type { SessionChange } from "../session/write-queue.js";
import type { RelyingPartyConfig, SignedIn, Site } from "./config.js";
import { errorPage } from "./replies.js";
import { routePath } from "./site.js";
import type { Transactions } from "./transactions.js";

/** What the files of this room share about one request. */
export interface VisitContext<Data> {
  readonly config: RelyingPartyConfig<Data>;
  readonly exchange: ExchangeConfig;
  readonly ports: Ports;
  readonly provider: Provider;
  readonly request: RequestView;
  readonly site: Site;
  /** The session of this request, as the last write left it. */
  readonly reading: SessionReading<SignedIn<Data>>;
  /** The tokens of the session. */
  tokens(): Promise<TokenSet | undefined>;
  /** Whether a write would change cookies although nothing was changed. */
  isWriteDue(): boolean;
  /** Sign-ins in progress in this browser. */
  transactions(): Transactions;
  readonly outlet: ResponseWriter;
  /** What the name of each cookie of latchkey begins with. */
  readonly cookiePrefix: string;
  /** Whether cookies can still reach the browser: not once the headers have left, nor with a change of protocol. */
  canWrite(): boolean;
  emit(event: UntimedEvent): void;
  /**
   * Changes the session and writes it to the response, after the writes before (see `WriteQueue`). The change function may
   * also change transactions. `roll`: whether the request counts as activity. False when it was too late to set cookies.
   */
  commit(change?: SessionChange<SignedIn<Data>, TokenSet>, roll?: boolean): Promise<boolean>;
}

/**
 * Lets the runtime finish work that other requests may wait for, or that spends what can be spent once: Workers cancel a
 * request when its client goes away. What goes wrong in the work is reported where it is awaited.
 */
export function keepAlive<T, Data>({ request }: VisitContext<Data>, work: Promise<T>): Promise<T> {
  const settled = () => {};
  request.waitUntil?.(work.then(settled, settled));
  return work;
}

/** Where a page that needs a session sends people: to the login route, and back. */
export function loginUrl<Data>({ request, site, config }: VisitContext<Data>, returnTo = targetOf(request)): string {
  return `${site.origin}${routePath(site, config, "login")}?${new URLSearchParams({ returnTo })}`;
}

/** Runs what answers with a page; a failure becomes the error page, and what was written so far is kept. */
export async function answering<Data>(
  context: VisitContext<Data>,
  answer: () => Promise<Reply>,
  onError?: (error: ExchangeError) => never,
): Promise<Reply> {
  try {
    return await answer();
  } catch (thrown) {
    const error =
      thrown instanceof CookieTooLargeError ? new ExchangeError("session_too_large", { cause: thrown }) : thrown;
    if (!(error instanceof ExchangeError)) throw thrown;
    context.emit(failure(error));
    onError?.(error);
    return errorPage(error.code, routePath(context.site, context.config, "login"));
  }
}
