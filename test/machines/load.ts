import { type Answer, type Browser, pause } from "./world.js";

/** Browsers that send requests without a pause, each for a page with and without a session, and for a token beside it. */
export class Load {
  readonly #answers: Array<readonly [path: string, answer: Answer]> = [];
  readonly #loops: Promise<unknown>;
  #isOver = false;
  /** Milliseconds by which a timer of this process was late at most: a busy machine is not the fault of the app. */
  lag = 0;

  /** `paths`: what each browser asks for in turns. @default pages with and without a session, and beside them tokens */
  constructor(browsers: readonly Browser[], paths?: readonly string[]) {
    void this.#watchLag();
    const loops = paths ? [paths] : [["/public", "/private"], ["/token"]];
    this.#loops = Promise.all(browsers.flatMap((browser) => loops.map((each) => this.#repeat(browser, each))));
  }

  async #watchLag(): Promise<void> {
    while (!this.#isOver) {
      const began = Date.now();
      await pause(50);
      this.lag = Math.max(this.lag, Date.now() - began - 50);
    }
  }

  async #repeat(browser: Browser, paths: readonly string[]): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const path = paths[turn % paths.length] as string;
      this.#answers.push([path, await browser.get(path)]);
      await pause(20);
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#loops;
  }

  #of(path: string): Answer[] {
    return this.#answers.filter(([each]) => each === path).map(([, answer]) => answer);
  }

  /** Answers that no page should get: another status than 200 and these, or a line that deletes a cookie of a session. */
  unexpected(statuses: readonly number[] = [503]) {
    return this.#answers.flatMap(([path, { status, body, setCookies }]) => {
      const isExpected = status === 200 || (statuses.includes(status) && path !== "/public");
      const deleted = setCookies.filter((line) => line.includes("Max-Age=0"));
      return isExpected && deleted.length === 0 ? [] : [{ path, status, body, deleted }];
    });
  }

  longest(path: string): number {
    return Math.max(...this.#of(path).map(({ took }) => took));
  }

  /** For people: how many answers of each status each path had, and the longest time. */
  figures() {
    const count = (path: string, status: number) => this.#of(path).filter((answer) => answer.status === status).length;
    return ["/public", "/private", "/token"].map((path) => [
      path,
      { 200: count(path, 200), 503: count(path, 503), longest: this.longest(path) },
    ]);
  }
}
