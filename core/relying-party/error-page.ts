import type { ExchangeErrorCode } from "../errors.js";
import { explain } from "../events.js";
import type { Reply } from "../request/response.js";
import type { Failure } from "./failure.js";

/**
 * The texts of the error page in one language: those below, and for some error codes a text and a heading (`forbidden_title`) of their
 * own. Plain text: what HTML would read as markup is escaped.
 */
export interface ErrorPageTexts extends Partial<Record<ExchangeErrorCode | `${ExchangeErrorCode}_title`, string>> {
  /** The heading. */
  readonly title: string;
  /** The text for codes without one. */
  readonly other: string;
  /** The link that begins the sign-in again. */
  readonly retry: string;
  /** The link to the first page of the site. */
  readonly home: string;
}

const englishTexts: ErrorPageTexts = {
  title: "You are not signed in",
  other: "The sign-in failed.",
  retry: "Try again",
  home: "Back to the site",
  access_denied: "You cancelled, or your identity provider did not let you in.",
  no_transaction: "This sign-in was not started in this browser, or it has ended. Allow cookies, and try again.",
  transaction_expired: "The sign-in took too long.",
  forbidden_title: "You may not open this page",
  forbidden: "Your account lacks a right.",
  provider_unreachable: "Your identity provider cannot be reached.",
};

export const escaped = (text: string): string => text.replace(/[<&"]/g, (character) => `&#${character.charCodeAt(0)};`);

// The canvas takes the color scheme of the root element. System colors contrast in each scheme. The first link is the main action.
const STYLE =
  "html{font:112%/1.5 system-ui;max-width:30em;margin:auto;padding:3em 1em;color-scheme:light dark;word-break:break-word}" +
  "nav a,h1+p+p a{line-height:3;padding:.5em 1em;border-radius:1em;background:canvastext;color:canvas;text-decoration:none}";

/** Whether a URL is one of the developer's own machine. */
const isLoopback = (url: string): boolean => /^\w+:\/\/(localhost|127\.[\d.]+|\[::1\])[:/]/.test(url);

/**
 * The page of a sign-in that failed. It shows nothing of the request but the page to return to, inside of a link (S19). On the
 * developer's own machine it says why.
 */
export function errorPage(
  failed: Pick<Failure, "error" | "advice" | "retryUrl" | "homeUrl">,
  texts = englishTexts,
  language = "en",
): Reply {
  const { error, retryUrl, homeUrl } = failed;
  const { code, status } = error;
  const details = isLoopback(homeUrl) ? explain(failed) : "";
  const [title, text, retry, home] = [
    texts[`${code}_title`] ?? texts.title,
    texts[code] ?? texts.other,
    texts.retry,
    texts.home,
  ].map(escaped);
  return htmlPage(
    status,
    title,
    `<p>${text}${link(retryUrl, retry)}${link(homeUrl, home)}<p><code>${code}</code> ${escaped(details)}`,
    language,
  );
}

/** A paragraph with a link. `text` is HTML. */
export const link = (url: string, text = ""): string => `<p><a href="${escaped(url)}">${text}</a>`;

/** A page of latchkey. `title` and `content` are HTML. */
export const htmlPage = (status: number, title = "", content: string, language = "en"): Reply => ({
  status,
  headers: {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    // The URL of this page may contain an authorization code.
    "referrer-policy": "no-referrer",
  },
  body:
    `<!doctype html><html lang="${escaped(language)}"><meta name="viewport" content="width=device-width"><title>${title}</title>` +
    `<style>${STYLE}</style><main><h1>${title}</h1>${content}</main>`,
});
