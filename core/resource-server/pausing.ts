import { ExchangeError } from "../errors.js";
import type { Network } from "../provider/network.js";

/** Milliseconds in which a request that failed is not repeated. */
export const PAUSE = 1000;

/** A network that does not repeat a failed request within a second: any client can send tokens that need the keys. */
export function pausing(network: Network): Network {
  /** When the last request failed, by URL: two URLs for each provider. */
  const failures = network.shared<number>("failures");
  return {
    ...network,
    async fetch(url) {
      const failedAt = failures.get(url) ?? NaN;
      const age = network.now() - failedAt;
      if (age >= 0 && age < PAUSE) throw new ExchangeError("provider_unreachable", { cause: { url, failedAt } });
      let isOk = false;
      try {
        const response = await network.fetch(url);
        isOk = response.status < 300;
        return response;
      } finally {
        if (isOk) failures.delete(url);
        else failures.set(url, network.now());
      }
    },
  };
}
