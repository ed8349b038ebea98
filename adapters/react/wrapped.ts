import type { ComponentType, FunctionComponent } from "react";

/** Lets `Outer` stand in the place of a component, for Next too, which looks for `getInitialProps`. */
export function wrapped<Props>(
  what: string,
  inner: { displayName?: string | undefined; name?: string; getInitialProps?: unknown },
  Outer: FunctionComponent<Props>,
): ComponentType<Props> {
  const { displayName, name, getInitialProps } = inner;
  Outer.displayName = `${what}(${displayName || name || "Component"})`;
  return getInitialProps ? Object.assign(Outer, { getInitialProps }) : Outer;
}
