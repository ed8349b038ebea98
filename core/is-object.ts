/**
 * Whether a value is an object or a list, whichever realm made it. `instanceof Object` is false for what another realm
 * made: a platform's `response.json()` under Jest, the messages and options of an iframe, an edge sandbox.
 */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
