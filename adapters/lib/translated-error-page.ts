import { type ErrorPageTexts, errorPage } from "../../core/relying-party/error-page.js";
import type { Failure } from "../../core/relying-party/failure.js";

/**
 * The error page in the languages of an app, for the option `onFailure`: the first language of the browser (`Accept-Language`) that has
 * texts. Other browsers get the English page.
 *
 * @param texts by language tag (RFC 5646), such as `de` or `pt-br`
 * @example
 * ```ts
 * import { auth, translatedErrorPage } from "latchkey/express";
 *
 * export const signIn = auth({
 *   onFailure: translatedErrorPage({
 *     de: {
 *       title: "Sie sind nicht angemeldet",
 *       other: "Bei der Anmeldung ist etwas schiefgegangen.",
 *       access_denied: "Sie haben abgebrochen, oder der Zugang wurde verweigert.",
 *       retry: "Noch einmal versuchen",
 *       home: "Zurück zur Seite",
 *     },
 *   }),
 * });
 * ```
 */
export const translatedErrorPage =
  (texts: Readonly<Record<string, ErrorPageTexts>>) =>
  (failure: Failure): Response | undefined => {
    const languages = Object.keys(texts);
    for (const wanted of acceptedLanguages(failure.request.headers.get("accept-language") ?? "")) {
      // RFC 4647 3.4: `de-at` is served by `de`.
      const language = languages.find((each) => `${wanted}-`.startsWith(`${each.toLowerCase()}-`));
      if (!language) continue;
      const { body, ...init } = errorPage(failure, texts[language], language);
      return new Response(body, { ...init });
    }
    return undefined;
  };

/** The language tags of an Accept-Language header (RFC 9110 12.5.4), the most wanted first. */
function acceptedLanguages(header: string): string[] {
  const ranges = header.split(",").map((range) => {
    const [tag = "", weight = "q=1"] = range
      .toLowerCase()
      .split(";", 2)
      .map((part) => part.trim());
    return { tag, weight: Number(weight.slice(2)) || 0 };
  });
  return ranges.sort((one, other) => other.weight - one.weight).map(({ tag }) => tag);
}
