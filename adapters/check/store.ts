import { toBase64url } from "../../core/bytes.js";
import type { StorePort } from "../../core/store/port.js";
import { after } from "../lib/sleep.js";
import type { CheckContext } from "./context.js";
import { quoted } from "./findings.js";

/** Milliseconds that the store may take for a value that is written, read and deleted. */
const TIMEOUT = 3000;

/** Whether a value can be written into the store, read and deleted. */
export async function checkStore({ set, report, random }: CheckContext): Promise<void> {
  const store = set.store as StorePort | undefined;
  // A value that is no store was reported by the check of options.
  if (!store || typeof store.add !== "function") return;
  const key = `check:${toBase64url(random(12))}`;
  const outcome = await Promise.race([tryStore(store, key), late()]);
  if (outcome === undefined) report("store", "ok", "the store can be written and read");
  else
    report(
      "store",
      "failed",
      `the store cannot be used: ${outcome}; check its address, its credentials and its network`,
      { option: "store" },
    );
}

/** Undefined if the store works. */
async function tryStore(store: StorePort, key: string): Promise<string | undefined> {
  try {
    await store.add(key, "1", 10_000);
    const value = await store.get(key);
    await store.delete(key);
    return value === "1" ? undefined : "it does not return what was written";
  } catch (thrown) {
    // The message of a client may hold the command that failed, such as one with a password.
    const { name, code } = (thrown ?? {}) as { readonly name?: unknown; readonly code?: unknown };
    return quoted(code ?? name ?? "its client rejected");
  }
}

const late = (): Promise<string> =>
  new Promise((resolve) => void after(TIMEOUT, () => resolve(`no answer within ${TIMEOUT} ms`)));
