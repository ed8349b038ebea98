/** The record that the tabs of one client share. It outlives all tabs, and contains no secret and no token. */
export interface TabsRecord {
  /** Grows whenever a turn replaces the session or reserves its refresh token. */
  readonly generation: number;
  /** Whether a user is signed in. */
  readonly isSignedIn: boolean;
  /** A tab found no session, neither in other tabs nor at the provider. Tabs that have one keep it. @default false */
  readonly isAbsent?: boolean | undefined;
  /** Until when no tab renews a token that is still valid, because a renewal failed. Milliseconds since the epoch. @default none */
  readonly restingUntil?: number | undefined;
  /** Until when other tabs wait for the page of one tab that went to the provider. Milliseconds since the epoch. @default none */
  readonly awayUntil?: number | undefined;
}

/**
 * Whether `next` may replace the record. So may one of the same generation: a turn writes one before and one after a refresh.
 * @param expected the generation that the record must have, 0 for no record: two turns that run at the same time have read the same
 * record, and only the first of them may replace it
 */
export const mayReplace = (
  next: TabsRecord,
  { generation }: Pick<TabsRecord, "generation"> = { generation: 0 },
  expected = generation,
): boolean => generation <= next.generation && generation === expected;
