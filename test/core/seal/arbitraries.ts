import fc from "fast-check";

export const SECRET = "a secret of at least thirty-two characters";
export const OLDER = "an older secret of thirty-two characters";
export const DAY = 86_400_000;
export const NOW = Date.UTC(2026, 10, 23, 12);

/** Values that JSON returns unchanged: without -0. (JSON escapes lone surrogates, for which UTF-8 has no bytes.) */
export const jsonValue = fc
  .jsonValue({ maxDepth: 6, stringUnit: "binary" })
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown);

const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array).toString("base64url"));
const header = fc
  .record({ alg: fc.constantFrom("RS256", "ES256", "dir"), kid: fc.string() })
  .map((value) => Buffer.from(JSON.stringify(value)).toString("base64url"));

/** Signed tokens: three segments. */
export const jwt = fc.tuple(header, bytes(20, 300), bytes(32, 256)).map((segments) => segments.join("."));
/** Encrypted tokens: five segments, of which the key may be empty. */
export const jwe = fc
  .tuple(header, bytes(0, 48), bytes(12, 12), bytes(0, 200), bytes(16, 16))
  .map((segments) => segments.join("."));
export const token = fc.oneof(jwt, jwe);

/** A token with a character or two changed: still a token, or almost. */
export const nearToken = fc
  .tuple(
    token,
    fc.nat(),
    fc.constantFrom("", ".", "=", "+", "/", "~", " ", '"', "\\", "\u007f", "é", "\u0141", "🔑", "A", "B"),
  )
  .map(([text, at, other]) => {
    const index = at % (text.length + 1);
    return text.slice(0, index) + other + text.slice(index + (at % 2));
  });

/** Strings that packing must distinguish: tokens, near-tokens, beginnings of tokens inside other strings, marks. */
const text = fc.oneof(
  token,
  nearToken,
  fc.tuple(fc.string({ unit: "binary" }), token).map(([before, after]) => `${before}"${after}`),
  fc.constantFrom(
    "eyJ",
    '"eyJ',
    "\u007f",
    '"\u007f"',
    "\u0001",
    "eyJ.".repeat(40),
    `eyJ${"A".repeat(70)}`,
    ".".repeat(80),
  ),
  fc.string({ unit: "binary" }),
);

/** Values with such strings anywhere in them, keys included. */
export const tokenValue = fc
  .letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 7, depthSize: "small" },
      text,
      fc.oneof(fc.integer(), fc.boolean(), fc.constant(null)),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.string(), text, fc.constantFrom("__proto__", "toString", "0", "1")), tie("value"), {
        maxKeys: 5,
      }),
    ),
  }))
  .value.map((value) => JSON.parse(JSON.stringify(value)) as unknown);
