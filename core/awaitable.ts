/** A value, or a promise of it: an operation that is synchronous on one runtime may be asynchronous on another. */
export type Awaitable<T> = T | Promise<T>;

/** Recognises promises of another realm too, such as those of an edge sandbox. */
export const isPromise = <T>(value: Awaitable<T>): value is Promise<T> =>
  typeof (value as Promise<T> | undefined)?.then === "function";

/** Calls `next` with the value, at once if it is no promise: the request then waits for no turn of the event loop. */
export const chain = <T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> =>
  isPromise(value) ? value.then(next) : next(value);
