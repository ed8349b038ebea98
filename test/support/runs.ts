/** The number of runs of a property: 1,000 in `npm test`, more in `npm run test:soak` (LATCHKEY_RUNS), times `share`. */
export const runs = (share = 1): { numRuns: number } => ({
  numRuns: Math.max(1, Math.round(Number(process.env["LATCHKEY_RUNS"] ?? 1000) * share)),
});
