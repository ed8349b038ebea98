import { beforeAll, describe, expect, test } from "vitest";
import { bundleCli, runCli } from "../../support/cli.js";
import { documentAt } from "../../support/documents.js";

let cli: string;
beforeAll(async () => {
  cli = await bundleCli();
});
const run = (...args: string[]) => runCli(cli, args);
const { version } = JSON.parse(documentAt("package.json")) as { version: string };

describe("the help of latchkey", () => {
  test.each([[[]], [["help"]], [["--help"]], [["-h"]]])("is printed by latchkey %j", async (args) => {
    const { code, out, err } = await run(...args);
    expect([code, err]).toEqual([0, ""]);
    for (const command of ["check", "secret", "schema"]) expect(out).toMatch(new RegExp(`^  ${command} `, "m"));
  });

  test.each([[["help", "check"]], [["check", "--help"]], [["check", "-h"]], [["check", "--json", "--help"]]])(
    "of one command is printed by latchkey %j",
    async (args) => {
      const { code, out } = await run(...args);
      expect(code).toBe(0);
      expect(out).toContain("usage: latchkey check [options]");
      expect(out).toMatch(/--client-id VALUE +instead of LATCHKEY_CLIENT_ID/);
    },
  );

  test("has the version of the package", async () => {
    expect(await run("--version")).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });
});

describe("wrong arguments", () => {
  test.each([
    [["chek"], "there is no command chek: did you mean check?"],
    [["xyzzy"], "there is no command xyzzy"],
    [["help", "secrte"], "there is no command secrte: did you mean secret?"],
    [["check", "--isuer=https://op.example"], "there is no --isuer: did you mean --issuer?"],
    [["check", "--client-id"], "--client-id needs a value"],
    [["check", "--json=yes"], "--json takes no value"],
    [["check", "https://op.example"], "check takes no arguments but flags"],
    [["check", "--http-timeout", "soon"], "--http-timeout needs a number"],
    [["secret", "more"], "secret takes no arguments"],
    [["schema", "mysql"], "schema takes postgres"],
    [["toString"], "there is no command toString"],
    [["check", "--constructor"], "there is no --constructor"],
  ])("latchkey %j ends with 2, and says what is wrong", async (args, message) => {
    const { code, out, err } = await run(...args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(`latchkey: ${message}`);
    expect(err).toContain("usage: latchkey");
  });
});

test("a file of variables that does not exist is an error", async () => {
  const { code, err } = await run("check", "--env-file", "none.env");
  // Node 20 reads this flag itself, wherever it stands.
  expect([2, 9]).toContain(code);
  expect(err).toContain("none.env");
});

test("latchkey secret prints a new secret each time", async () => {
  const [one, other] = await Promise.all([run("secret"), run("secret")]);
  expect(one.out).toMatch(/^[\w-]{43}\n$/);
  expect(other.out).not.toBe(one.out);
});

test("latchkey schema prints the tables of a store, under another name as well", async () => {
  expect((await run("schema", "postgres")).out).toContain("CREATE TABLE IF NOT EXISTS latchkey_values (");
  expect((await run("schema", "postgres", "auth.latchkey")).out).toContain("auth.latchkey_members (");
});
