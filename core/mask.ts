/** The text without these values, as they are or encoded for a URL: a provider may repeat in an error what it was sent. */
export function mask(text: string, values: ReadonlyArray<string | undefined>): string {
  // The longest first: a shorter one may be a part of it, and the rest of it would stay.
  const ordered = values.flatMap((value) => value || []).sort((one, other) => other.length - one.length);
  return ordered.reduce(
    (masked, value) => masked.replaceAll(value, "***").replaceAll(encodeURIComponent(value), "***"),
    text,
  );
}
