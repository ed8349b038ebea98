/** Every character that `\s` and `trim` treat as a blank. HTTP removes only spaces and tabs around a value (RFC 9110 5.6.3). */
export const BLANKS = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code)).filter((character) =>
  /\s/.test(character),
);

/** Characters that other languages treat as blanks, or do not display: next line, zero-width space, soft hyphen. */
export const NO_BLANK = ["\u0085", "\u200b", "\u00ad"];

/** Whether HTTP removes this character from the ends of a value. */
export const isTrimmed = (blank: string): boolean => blank === " " || blank === "\t";
