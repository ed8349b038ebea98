/** How often a property is tried: 1,000 times in `npm test`, more in `npm run test:soak` (LATCHKEY_RUNS). */
export const runs = (share = 1): { numRuns: number } => ({
  numRuns: Math.max(1, Math.round(Number(process.env["LATCHKEY_RUNS"] ?? 1000) * share)),
});
