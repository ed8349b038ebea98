import { isObject } from "../is-object.js";

/** The three largest fields of a session, by the bytes of their JSON, with their paths (`data.user.groups`). */
export const largestFields = (data: unknown, tokens: unknown): Array<{ field: string; bytes: number }> =>
  [...fieldsOf("data", data, 2), ...fieldsOf("tokens", tokens, 1)]
    .sort((left, right) => right.bytes - left.bytes)
    .slice(0, 3);

/** The fields of an object and of the objects in it, down to `depth`; any other value is one field. */
function fieldsOf(path: string, value: unknown, depth: number): Array<{ field: string; bytes: number }> {
  if (depth > 0 && isObject(value) && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([name, member]) => fieldsOf(`${path}.${name}`, member, depth - 1));
  }
  return [{ field: path, bytes: new TextEncoder().encode(JSON.stringify(value)).length }];
}
