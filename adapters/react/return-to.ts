/** A place in the app: a path, or what Next's router calls one. */
export type ReturnTo = string | Place;

export interface Place {
  readonly pathname: string;
  readonly query?: Readonly<Record<string, unknown>>;
}

/** The path that a place is found at; undefined for one that only the router can make up (`/shows/[id]`). */
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

/** A path on this site as Next's router says it. */
export function placeAt(path: string): Place {
  const { pathname, searchParams } = new URL(path, location.origin);
  const query: Record<string, string | string[]> = {};
  for (const name of searchParams.keys()) {
    const [first = "", ...more] = searchParams.getAll(name);
    query[name] = more.length > 0 ? [first, ...more] : first;
  }
  return { pathname, query };
}
