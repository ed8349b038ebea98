/** Something public that was asked for, and when. */
export interface Entry<Value> {
  readonly value: Promise<Value>;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What was loaded less than `lifetime` milliseconds ago, or loads it. Requests at once share one; a failure is forgotten. */
export function recall<Value>(
  cache: Map<string, Entry<Value>>,
  key: string,
  now: number,
  lifetime: number,
  load: () => Promise<Value>,
): Promise<Value> {
  const known = cache.get(key);
  if (known && now - known.at < lifetime && now >= known.at) return known.value;
  const entry = { value: load(), at: now };
  cache.set(key, entry);
  entry.value.catch(() => {
    if (cache.get(key) === entry) cache.delete(key);
  });
  return entry.value;
}
