/** A value, or a promise of it: what is synchronous on one runtime may be asynchronous on the next. */
export type Awaitable<T> = T | Promise<T>;

/** Also for promises of another realm, such as those of an edge sandbox. */
export const isPromise = <T>(value: Awaitable<T>): value is Promise<T> =>
  typeof (value as Promise<T> | undefined)?.then === "function";

/** Goes on at once where there is nothing to wait for: a request then costs no turn of the event loop. */
export const chain = <T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> =>
  isPromise(value) ? value.then(next) : next(value);
