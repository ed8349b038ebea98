import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("npm run mcp: the official client signs in at a real provider, and calls a tool of a protected MCP server", async () => {
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["examples/mcp/main.js", "--once"], { cwd });
  expect(stderr).toBe("");
  expect(stdout).toMatch(/Tools: +tonight\n +Result: +ada: The Sky Tonight, in the Dome\n/);
});
