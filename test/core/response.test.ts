import { describe, expect, test } from "vitest";
import { cachingHeaders } from "../../core/request/response.js";
import { BLANKS, isTrimmed, NO_BLANK } from "../support/blanks.js";

/** The Vary header that latchkey sets on a response whose handler read a session; `vary`: the app's own Vary header. */
const varyAfter = (vary: string | null) =>
  Object.fromEntries(cachingHeaders((name) => (name === "vary" ? vary : null), false))["vary"];

describe("Vary of a response that was made from a session", () => {
  test.each([
    [null, "Cookie"],
    ["", "Cookie"],
    ["Accept", "Accept, Cookie"],
    ["Cookies", "Cookies, Cookie"],
    ["X-Cookie", "X-Cookie, Cookie"],
    ["Accept Cookie", "Accept Cookie, Cookie"],
  ])("%j becomes %j", (vary, after) => {
    expect(varyAfter(vary)).toBe(after);
  });

  test.each(["Cookie", "cookie", "COOKIE", "*", "Accept,Cookie", "Cookie,Accept", "Accept, cookie , Origin"])(
    "%j needs no change",
    (vary) => {
      expect(varyAfter(vary)).toBeUndefined();
    },
  );

  // RFC 9110 5.6.1 and 5.6.3
  test.each([...BLANKS, ...NO_BLANK])(
    "%j beside a name is part of the name, unless it is a space or a tab",
    (blank) => {
      for (const vary of [`Accept,${blank}Cookie`, `Cookie${blank},Accept`, `Accept,${blank}*`])
        expect(varyAfter(vary)).toBe(isTrimmed(blank) ? undefined : `${vary}, Cookie`);
    },
  );
});
