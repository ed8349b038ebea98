import { MAX_FORM, readText } from "../../core/request/body.js";
import { targetOf } from "../../core/request/reading.js";
import type { RequestView } from "../../core/request/view.js";
import type { WaitUntil } from "./wait-until.js";

/**
 * The parts of a Web request that the core reads. If a runtime keeps no Host header, the host is that of the URL. `base`: the path
 * that the app lives under, if its framework has taken it off the URL.
 */
export const toRequestView = (request: Request, base = "", waitUntil?: WaitUntil): RequestView => ({
  method: request.method,
  url: base + targetOf(request),
  headers: {
    get: (name) => request.headers.get(name) ?? (name === "host" ? (request.url.split("/")[2] ?? null) : null),
  },
  async text() {
    try {
      return (await readText(request, MAX_FORM)) ?? "";
    } catch {
      // The client closed the connection, or the app has read the body: there is no form.
      return "";
    }
  },
  waitUntil,
});
