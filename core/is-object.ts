/**
 * Whether a value is an object or a list, whichever realm made it. `instanceof Object` is false for objects of another realm: of
 * `response.json()` under Jest, of messages and options from an iframe, of an edge sandbox.
 */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
