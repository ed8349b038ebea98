import type { SetupFinding } from "./findings.js";

/** What `checkSetup` found. */
export interface SetupReport {
  /** Whether no finding is `failed`. */
  readonly ok: boolean;
  /** In the order in which a reader should mend them. */
  readonly findings: readonly SetupFinding[];
}
