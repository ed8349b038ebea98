const RealDate = Date;

/**
 * Replaces the clock of this process by one that stands still, for all libraries.
 * @param {number} start milliseconds since the epoch, as all times here
 * @returns {{ set(time: number): void, restore(): void }}
 */
export function standStill(start) {
  let time = start;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [time] : args, newTarget),
    apply: () => new RealDate(time).toString(),
    get: (target, name) => (name === "now" ? () => time : target[name]),
  });
  return {
    set(next) {
      time = next;
    },
    restore() {
      globalThis.Date = RealDate;
    },
  };
}
