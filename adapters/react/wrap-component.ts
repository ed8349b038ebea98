import type { ComponentType, FunctionComponent } from "react";

/** Names the component `Outer` after the component that it wraps, and copies `getInitialProps`, which Next looks for. */
export function wrapComponent<Props>(
  wrapper: string,
  inner: { displayName?: string | undefined; name?: string; getInitialProps?: unknown },
  Outer: FunctionComponent<Props>,
): ComponentType<Props> {
  const { displayName, name, getInitialProps } = inner;
  Outer.displayName = `${wrapper}(${displayName || name || "Component"})`;
  return getInitialProps ? Object.assign(Outer, { getInitialProps }) : Outer;
}
