/** A page of the app: a path, or the `pathname` and `query` that Next's router takes. */
export type ReturnTo = string | Place;

export interface Place {
  readonly pathname: string;
  readonly query?: Readonly<Record<string, unknown>>;
}

/** The path of a place; undefined for a pattern that only the router can fill in (`/shows/[id]`). */
export function pathTo(place: ReturnTo | undefined): string | undefined {
  if (typeof place !== "object" || place === null) return place;
  const { pathname, query = {} } = place;
  if (/\[.+\]/.test(pathname)) return undefined;
  const parameters = new URLSearchParams();
  for (const [name, values] of Object.entries(query)) {
    for (const value of [values].flat()) if (value !== undefined && value !== null) parameters.append(name, `${value}`);
  }
  const text = `${parameters}`;
  return text ? `${pathname}?${text}` : pathname;
}

/** A path on this site as a place. */
export function placeAt(path: string): Place {
  const { pathname, searchParams } = new URL(path, location.origin);
  const query: Record<string, string | string[]> = {};
  for (const name of searchParams.keys()) {
    const [first = "", ...others] = searchParams.getAll(name);
    query[name] = others.length > 0 ? [first, ...others] : first;
  }
  return { pathname, query };
}
