/** Keeps a request alive until the work is done, also when its client goes away: `ctx.waitUntil` on Workers. */
export type WaitUntil = (work: Promise<unknown>) => void;

/** Calls `waitUntil` and ignores its errors: they must not change the response. */
export const quietly =
  (waitUntil: WaitUntil): WaitUntil =>
  async (work) => {
    try {
      await waitUntil(work);
    } catch {
      // The runtime grants no more time; the work goes on as far as it can.
    }
  };

/** The `waitUntil` among the arguments that a runtime passes beside the request: a Worker's or Vercel's context, a proxy's event. */
export function waitUntilIn(passed: readonly unknown[]): WaitUntil | undefined {
  for (const context of passed as ReadonlyArray<{ waitUntil?: unknown } | null | undefined>) {
    try {
      if (typeof context?.waitUntil === "function") return quietly((work) => (context.waitUntil as WaitUntil)(work));
    } catch {
      // The argument is the app's own, with a getter that throws: no `waitUntil`.
    }
  }
  return undefined;
}
