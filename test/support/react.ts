import { act, createElement, type ReactElement, type ReactNode, StrictMode } from "react";
import { createRoot, hydrateRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, vi } from "vitest";

/** A component that is shown in the page. */
export interface Shown {
  readonly container: HTMLElement;
  text(): string;
  again(element: ReactElement): Promise<void>;
  unmount(): Promise<void>;
}

const shown = new Set<Shown>();

/** Fails a test if React reports a problem on the console: a mismatch, missing keys, an update outside `act`. */
export function underReact(): void {
  beforeEach(() => {
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
    vi.spyOn(console, "error").mockImplementation(() => {});
  });
  afterEach(async () => {
    for (const one of shown) await one.unmount();
    const reported = vi.mocked(console.error).mock.calls.map((words) => words.join(" "));
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    vi.useRealTimers();
    history.replaceState(null, "", "/");
    expect(reported).toEqual([]);
  });
}

function place(root: Root, container: HTMLElement): Shown {
  const one: Shown = {
    container,
    text: () => container.textContent ?? "",
    again: (element) => act(async () => root.render(element)),
    async unmount() {
      if (shown.delete(one)) await act(async () => root.unmount());
      container.remove();
    },
  };
  shown.add(one);
  return one;
}

const containerOf = (html = "") => {
  const container = document.createElement("main");
  container.innerHTML = html;
  document.body.append(container);
  return container;
};

/** Renders an element in a new container. */
export async function show(element: ReactElement): Promise<Shown> {
  const container = containerOf();
  const root = createRoot(container);
  await act(async () => root.render(element));
  return place(root, container);
}

/** Hydrates the HTML that a server rendered, and reports a mismatch on the console. */
export async function hydrate(html: string, element: ReactElement): Promise<Shown> {
  const container = containerOf(html);
  const root = await act(async () =>
    hydrateRoot(container, element, {
      onRecoverableError: (error) => console.error("mismatch:", error),
    }),
  );
  return place(root, container);
}

/** Lets pending work finish, for `ms` milliseconds. */
export const settle = (ms = 0): Promise<void> =>
  act(async () => {
    if (vi.isFakeTimers()) await vi.advanceTimersByTimeAsync(ms);
    else await new Promise((resolve) => setTimeout(resolve, ms));
  });

/** Waits for a result of real cryptography and real time, outside `act`, as in an app's page. */
export async function until(check: () => void): Promise<void> {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", false);
  await vi.waitFor(check, 5000);
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
}

/** Changes the page and lets React update. */
export const doing = (change: () => unknown): Promise<void> =>
  act(async () => {
    await change();
  });

export const strictly = (...children: ReactNode[]): ReactElement => createElement(StrictMode, null, ...children);

/** Shows the result of a hook, and records the result of each render. */
export function probe<T>(use: () => T): { Probe: () => ReactElement; renders: T[]; last(): T } {
  const renders: T[] = [];
  return {
    Probe() {
      const value = use();
      renders.push(value);
      return createElement("pre", null, JSON.stringify(value));
    },
    renders,
    last: () => renders.at(-1) as T,
  };
}
