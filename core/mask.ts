/** The text without these values, as they are or encoded for a URL: a provider may repeat in an error what it was sent. */
export function mask(text: string, values: ReadonlyArray<string | undefined>): string {
  return values.reduce<string>(
    (masked, value) => (value ? masked.replaceAll(value, "***").replaceAll(encodeURIComponent(value), "***") : masked),
    text,
  );
}
