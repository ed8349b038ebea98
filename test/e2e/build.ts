/** Global setup: builds the package if `dist` is older than the source, so that the tests never run against an old build. */
export default async function build(): Promise<void> {
  const { buildIfNeeded } = await import("../../examples/build.js");
  await buildIfNeeded();
}
