import type { FetchInit, FetchLike } from "../../core/ports.js";
import { readText } from "../../core/request/body.js";
import { after } from "../lib/sleep.js";

/** A response that was read. */
export interface Answer {
  readonly failure?: undefined;
  readonly status: number;
  readonly headers: Headers;
  /** Undefined when the body is larger than 256 KiB. */
  readonly text: string | undefined;
  /** The JSON object in the body; undefined for any other body. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Why there was no response: the name does not resolve; nothing listens; the certificate is not trusted; the other side speaks no TLS;
 * no answer in time; the connection was closed; or anything else.
 */
type FailureKind = "dns" | "refused" | "certificate" | "no_tls" | "timeout" | "closed" | "other";

/** A request without a response. */
export interface NoAnswer {
  readonly failure: FailureKind;
  /** The code of the platform's error, or a word of it. */
  readonly detail: string;
}

/** Sends one request, and follows no redirect. Never rejects. */
export type Probe = (url: string, init?: FetchInit) => Promise<Answer | NoAnswer>;

/** Bytes of a body that are read. */
const MAX_BODY = 262_144;

/** A probe over a `fetch` function. @param timeout milliseconds */
export function createProbe(fetch: FetchLike, timeout: number): Probe {
  return async (url, init) => {
    const controller = new AbortController();
    let cancel = () => {};
    const late = new Promise<NoAnswer>((resolve) => {
      cancel = after(timeout, () => {
        resolve({ failure: "timeout", detail: `${timeout} ms` });
        controller.abort();
      });
    });
    const load = async (): Promise<Answer> => {
      const response = await fetch(url, { ...init, redirect: "manual", signal: controller.signal });
      const text = await readText(response, MAX_BODY);
      return { status: response.status, headers: response.headers, text, json: objectIn(text) };
    };
    try {
      return await Promise.race([load().catch(noAnswerOf), late]);
    } finally {
      cancel();
    }
  };
}

function objectIn(text: string | undefined): Answer["json"] {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    // Any other body: the caller says what that means.
    return undefined;
  }
}

/** Words in the codes and messages of Node, Bun, Deno and workerd, for each kind of failure; the first that fits counts. */
const WORDS: ReadonlyArray<readonly [FailureKind, RegExp]> = [
  ["dns", /ENOTFOUND|EAI_AGAIN|EAI_NONAME|getaddrinfo|\bdns\b|name resolution|failed to lookup|resolve host/i],
  ["refused", /ECONNREFUSED|ConnectionRefused|connection refused|EHOSTUNREACH|ENETUNREACH|FailedToOpenSocket/i],
  ["no_tls", /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|EPROTO|InvalidContentType|corrupt message/i],
  ["certificate", /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|UnknownIssuer|certificate/i],
  ["timeout", /ETIMEDOUT|CONNECT_TIMEOUT|HEADERS_TIMEOUT|BODY_TIMEOUT|timed? ?out/i],
  ["closed", /ECONNRESET|UND_ERR_SOCKET|EPIPE|HPE_|ECONNABORTED|connection (was )?(closed|reset)|socket/i],
];

function noAnswerOf(thrown: unknown): NoAnswer {
  const texts: string[] = [];
  // undici puts the reason into `cause`; a host with several addresses has an error for each of them.
  for (
    let error = thrown as Partial<AggregateError & { code: unknown }> | undefined, depth = 0;
    error && depth < 4;
    depth++
  ) {
    texts.push(
      `${error.code ?? ""}`,
      `${error.message ?? ""}`,
      ...(error.errors ?? []).map((each) => `${each?.code ?? ""}`),
    );
    error = error.cause as typeof error;
  }
  const said = texts.filter(Boolean);
  for (const [failure, words] of WORDS) {
    const detail = said.find((text) => words.test(text));
    if (detail) return { failure, detail };
  }
  return { failure: "other", detail: said.at(-1) ?? "no reason" };
}

/** Why a URL gave no answer, in words that complete "... cannot be reached:". */
export function reasonOf({ failure, detail }: NoAnswer, url: string): string {
  const { host, hostname } = new URL(url);
  const reasons: Readonly<Record<FailureKind, string>> = {
    dns: `the host name ${hostname} does not resolve (${detail})`,
    refused: `nothing listens at ${host} (${detail})`,
    certificate: `the TLS certificate of ${host} is not trusted here (${detail})`,
    no_tls: `${host} does not speak TLS (${detail})`,
    timeout: `${host} did not answer in time (${detail})`,
    closed: `${host} closed the connection without an HTTP response (${detail})`,
    other: detail,
  };
  return reasons[failure];
}
