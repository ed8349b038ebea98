import { cookieNameOf, mergeCookies } from "../../core/cookie/lines.js";
import { cachingHeaders, type Reply, type ResponseWriter } from "../../core/request/response.js";

/** Writes cookies and replies to a Web response. */
export interface WebWriter extends ResponseWriter {
  /** The Set-Cookie lines so far. */
  lines(): string[];
  /** A copy of the response with the Set-Cookie lines and the caching headers. Nothing can be written afterwards. */
  apply(response: Response): Response;
  /** Whether a handler is making the response. Between two attempts nothing can be written. */
  setOpen(isOpen: boolean): void;
  /** A reply as a response. */
  send(reply: Reply): Response;
}

/**
 * The writer of a Web response. `open`: whether a response will be made. `ahead`: another handler makes it later, and its caching
 * headers get lost, so that a response from which a session was read must not be cached at all. `isGone`: whether the client has
 * closed the connection, as far as the runtime knows.
 */
export function createWebWriter({ open = true, ahead = false, isGone = (): boolean => false } = {}): WebWriter {
  const lines = new Map<string, string>();
  let isOpen = open;
  let hasReadSession = false;
  let hasWritten = false;
  let isSent = false;
  let tasks: Array<() => void> | undefined;

  /** On a copy, which shares the body: the headers of a response of `fetch` or `Response.redirect` cannot be changed. */
  function apply(response: Response): Response {
    isOpen = false;
    // A change of protocol gets no headers, and cannot be copied.
    if ((!hasReadSession && !hasWritten) || response.status < 200) return response;
    const copy = new Response(response.body, response);
    const { headers } = copy;
    if (lines.size > 0) {
      const merged = mergeCookies(headers.getSetCookie(), lines);
      headers.delete("set-cookie");
      for (const line of merged) headers.append("set-cookie", line);
    }
    for (const [name, value] of cachingHeaders((name) => headers.get(name), hasWritten || ahead)) {
      if (value === null) headers.delete(name);
      else headers.set(name, value);
    }
    // After all that may throw. A response whose client has closed the connection is not sent.
    isSent = !isGone();
    if (isSent) for (const task of tasks ?? []) task();
    return copy;
  }

  return {
    lines: () => [...lines.values()],
    canWrite: () => isOpen,
    markSessionRead() {
      hasReadSession = true;
    },
    setCookies(added) {
      hasWritten = true;
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
      hasWritten = true;
      return apply(new Response(body, { status, headers }));
    },
  };
}
