/** All that `\s`, `trim` and the like take for a blank; of these HTTP takes off spaces and tabs alone (RFC 9110 5.6.3). */
export const BLANKS = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code)).filter((character) =>
  /\s/.test(character),
);

/** What other languages take for a blank, or show as none: next line, zero-width space, soft hyphen. */
export const NO_BLANK = ["\u0085", "\u200b", "\u00ad"];

/** Whether HTTP takes it off the ends of a value. */
export const isTrimmed = (blank: string): boolean => blank === " " || blank === "\t";
