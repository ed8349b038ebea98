import { createStore } from "../../../adapters/stores/create-store.js";
import { createMemoryPort } from "../../../core/store/memory.js";
import type { Framework } from "../../support/app.js";
import { type Column, columns } from "./columns.js";
import { runContract } from "./run.js";
import { described, inStore, onRealClock } from "./with-store.js";

/** A column of the contract whose app has a store, which follows the clock of the test. */
function withStore(name: string, storage: "cookies" | "store", cannot: Column["cannot"] = {}): Column {
  const column = columns.find((each) => each.name === name) as Column;
  const framework: Framework = (options, extend) => {
    // In another process, which makes the store itself.
    if (name === "workerd") return column.framework({ ...options, session: { ...options.session, storage } }, extend);
    const store = createStore(createMemoryPort(options.now as () => number));
    return column.framework({ ...options, store, session: { ...options.session, storage } }, extend);
  };
  return {
    ...column,
    name: `${name}, ${described[storage]}`,
    framework,
    cannot: { ...column.cannot, ...cannot },
  };
}

/** Every row holds with a store as well, except where the row is about what a cookie holds. */
runContract([
  withStore("Express 5", "cookies"),
  withStore("Express 5", "store", inStore),
  withStore("Edge on Node", "cookies"),
  withStore("Edge on Node", "store", inStore),
  withStore("workerd", "cookies", onRealClock),
  withStore("workerd", "store", inStore),
]);
