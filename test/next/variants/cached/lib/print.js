/** JSON that tests read back exactly, whatever HTML makes of quotes. */
export const print = (value) => encodeURIComponent(JSON.stringify(value));
