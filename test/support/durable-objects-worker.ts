import { type DurableObjectNamespace, durableObjectStore } from "../../adapters/stores/durable-objects.js";
import { checkStore } from "../../adapters/testing/check-store.js";

export { LatchkeyStore } from "../../adapters/stores/durable-objects.js";

/** Runs the contract of stores on workerd. */
export default {
  async fetch(_request: Request, { LATCHKEY }: { LATCHKEY: DurableObjectNamespace }): Promise<Response> {
    try {
      await checkStore(durableObjectStore(LATCHKEY), { another: durableObjectStore(LATCHKEY) });
      return new Response("kept");
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};
