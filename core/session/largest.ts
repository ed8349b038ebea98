import { toBytes } from "../bytes.js";
import { isObject } from "../is-object.js";

/** The bytes that one field of a session has as JSON. `field`: its path (`data.user.groups`). */
type Field = { readonly field: string; readonly bytes: number };

/** The three largest fields of a session (`{ data, tokens }`) or of a transaction, largest first. */
export const largestFields = (value: object): Field[] =>
  fieldsOf("", value, 2)
    .sort((left, right) => right.bytes - left.bytes)
    .slice(0, 3);

/** The fields of an object and of the objects in it, down to `depth`; any other value is one field. */
export const fieldsOf = (path: string, value: object, depth: number): Field[] =>
  Object.entries(value).flatMap(([name, member]) =>
    depth > 0 && isObject(member) && !Array.isArray(member)
      ? fieldsOf(`${path + name}.`, member, depth - 1)
      : { field: path + name, bytes: toBytes(JSON.stringify(member) ?? "").length },
  );
