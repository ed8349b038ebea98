import { EdgeVM } from "@edge-runtime/vm";
import { JSDOM } from "jsdom";

/** Another realm: its objects, lists, errors, promises and bytes, its Request, Response and Headers are of other classes than those of Node. */
const realm = new EdgeVM();
const { window } = new JSDOM();

/** Runs code in the other realm. */
export const foreign = <Value>(code: string): Value => realm.evaluate(code) as Value;

const toObject = foreign<(entries: unknown) => object>("(entries) => Object.fromEntries(entries)");
const toList = foreign<(values: unknown) => unknown[]>("(values) => Array.from(values)");
const toPromise = foreign<(value: unknown) => Promise<unknown>>("async (value) => value");

/** The value with each plain object, list and promise in it replaced by one of the other realm. Functions stay, and return foreign values. */
export function toForeign<Value>(value: Value): Value {
  const convert = (each: unknown): unknown => {
    if (typeof each === "function" && !/^class/.test(`${each}`))
      return (...args: unknown[]) => convert(each.apply(undefined, args));
    if (typeof each !== "object" || each === null) return each;
    if (Array.isArray(each)) return toList(each.map(convert));
    if (each instanceof Promise) return toPromise(each.then(convert));
    if (each instanceof Response) return foreignResponse(each);
    if (Object.getPrototypeOf(each) !== Object.prototype) return each;
    return toObject(Object.entries(each).map(([name, member]) => [name, convert(member)]));
  };
  return convert(value) as Value;
}

const ForeignResponse = foreign<typeof Response>("Response");
/** A copy of the response, of the other realm. */
export const foreignResponse = ({ status, headers, body }: Response): Response =>
  new ForeignResponse(body, { status, headers: [...headers] });

export const ForeignRequest = foreign<typeof Request>("Request");
export const ForeignHeaders = foreign<typeof Headers>("Headers");
export const ForeignBytes = foreign<typeof Uint8Array>("Uint8Array");
export const ForeignError = foreign<typeof Error>("Error");
/** The realm of the edge shares Node's URL; that of a document does not. */
export const ForeignURL = window["URL"] as unknown as typeof URL;
export const ForeignSearchParams = window["URLSearchParams"] as unknown as typeof URLSearchParams;
