/** JSON in percent-encoding, so that HTML does not escape its quotes and the test can parse it. */
export const print = (value) => encodeURIComponent(JSON.stringify(value));
