/** Global setup: a stale build is never what is tested. */
export default async function build(): Promise<void> {
  const { buildIfNeeded } = await import("../../examples/build.js");
  await buildIfNeeded();
}
