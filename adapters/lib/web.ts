import { cookieNameOf, mergeCookies } from "../../core/cookie/lines.js";
import { readText } from "../../core/request/body.js";
import { targetOf } from "../../core/request/reading.js";
import { cachingHeaders, type Reply, type ResponseWriter } from "../../core/request/response.js";
import type { RequestView } from "../../core/request/view.js";

/** Bytes of a posted form that are read; an authorization response has a few hundred. */
const MAX_BODY = 65_536;

/** Keeps a request alive until the work is done, also when its client goes away: `ctx.waitUntil` on Workers. */
export type WaitUntil = (work: Promise<unknown>) => void;

/** Calls `waitUntil` and ignores its errors: they must not change the response. */
export const quietly =
  (waitUntil: WaitUntil): WaitUntil =>
  async (work) => {
    try {
      await waitUntil(work);
    } catch {
      // The runtime gave no more time. The work goes on as far as it can.
    }
  };

/** The `waitUntil` of what a runtime passes beside the request: the context of a Worker or of Vercel, the event of a proxy. */
export function waitUntilIn(passed: readonly unknown[]): WaitUntil | undefined {
  for (const context of passed as ReadonlyArray<{ waitUntil?: unknown } | null | undefined>) {
    try {
      if (typeof context?.waitUntil === "function") return quietly((work) => (context.waitUntil as WaitUntil)(work));
    } catch {
      // A getter of the app's own that throws.
    }
  }
  return undefined;
}

/**
 * What the core reads of a Web request. Where a runtime has no Host header, the host is the one of the URL. `base`: a path
 * that the app lives under, where its framework has taken it off.
 */
export const toRequestView = (request: Request, base = "", waitUntil?: WaitUntil): RequestView => ({
  method: request.method,
  url: base + targetOf(request),
  headers: {
    get: (name) => request.headers.get(name) ?? (name === "host" ? (request.url.split("/")[2] ?? null) : null),
  },
  async text() {
    try {
      return (await readText(request, MAX_BODY)) ?? "";
    } catch {
      // The client has gone, or the app has read the body: no form came with the request.
      return "";
    }
  },
  waitUntil,
});

/** What is still to be put on a response before it is handed out. */
export interface WebWriter extends ResponseWriter {
  /** The Set-Cookie lines so far. */
  lines(): string[];
  /** The response with it. Nothing can be written after that. */
  apply(response: Response): Response;
  /** Whether a response is being made. Between two attempts to make one nothing can be written. */
  setOpen(isOpen: boolean): void;
  /** A reply of ours as a response. */
  send(reply: Reply): Response;
}

/**
 * The one place where a Web response is touched. `open`: whether there will be one. `ahead`: somebody else answers later,
 * with caching headers that ours replace unseen, so that whatever was read is kept by no cache. `isGone`: whether the client
 * has gone, as far as the runtime knows.
 */
export function createWebWriter({ open = true, ahead = false, isGone = (): boolean => false } = {}): WebWriter {
  const lines = new Map<string, string>();
  let isOpen = open;
  let read = false;
  let wrote = false;
  let isSent = false;
  let tasks: Array<() => void> | undefined;

  /** On a copy: the headers of what `fetch` or `Response.redirect` gave cannot be changed. Its body is not touched. */
  function apply(response: Response): Response {
    isOpen = false;
    // A change of protocol has no headers of ours, and cannot be copied.
    if ((!read && !wrote) || response.status < 200) return response;
    const copy = new Response(response.body, response);
    const { headers } = copy;
    if (lines.size > 0) {
      const merged = mergeCookies(headers.getSetCookie(), lines);
      headers.delete("set-cookie");
      for (const line of merged) headers.append("set-cookie", line);
    }
    for (const [name, value] of cachingHeaders((name) => headers.get(name), wrote || ahead)) {
      if (value === null) headers.delete(name);
      else headers.set(name, value);
    }
    // Last of all: what cannot be made a response is not sent, nor is one whose client has gone.
    isSent = !isGone();
    if (isSent) for (const task of tasks ?? []) task();
    return copy;
  }

  return {
    lines: () => [...lines.values()],
    canWrite: () => isOpen,
    markSessionRead() {
      read = true;
    },
    setCookies(added) {
      wrote = true;
      for (const line of added) lines.set(cookieNameOf(line), line);
      return isOpen;
    },
    onSent(task) {
      if (isSent) task();
      else tasks = [...(tasks ?? []), task];
    },
    setOpen(next) {
      isOpen = next;
    },
    apply,
    send({ status, headers, body }) {
      wrote = true;
      return apply(new Response(body, { status, headers }));
    },
  };
}
