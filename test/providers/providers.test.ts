import { afterEach, describe, expect, test } from "vitest";
import { start } from "./app.js";
import { type Play, plays } from "./quirks.js";

const open: Array<{ close(): void }> = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

async function startPlay({ quirks, describe }: Play) {
  const app = await start(quirks, describe());
  open.push(app);
  return app;
}

describe.each(Object.entries(plays))("%s, played over HTTP as its documents say", (_name, play) => {
  test("signs in, and keeps the user", async () => {
    const app = await startPlay(play);
    expect([await app.signIn(), app.cause()]).toEqual([undefined, undefined]);
    expect(await app.user()).toMatchObject(play.user ?? { sub: "alice" });
  });

  test("signs out to the first page of the app", async () => {
    const app = await startPlay(play);
    await app.signIn();
    expect(await app.signOut()).toEqual(play.signOut);
    expect(await app.user()).toBe(null);
  });
});

describe("the descriptions with ID Tokens", () => {
  test.each(Object.entries(plays).filter(([, { quirks }]) => quirks.discovery))(
    "%s refuses one of another issuer, client, sign-in and algorithm",
    async (_name, play) => {
      for (const wrong of [{ iss: "https://evil.example" }, { aud: "another" }, { nonce: "another" }, { exp: 1 }]) {
        const app = await startPlay(play);
        app.provider.change((claims) => ({ ...claims, ...wrong }));
        const expected = "nonce" in wrong ? "nonce_mismatch" : "id_token_invalid";
        expect([await app.signIn(), JSON.stringify(wrong)]).toEqual([expected, JSON.stringify(wrong)]);
        expect(await app.user()).toBe(null);
        app.close();
      }
      const alg = play.quirks.alg === "HS256" ? "RS256" : "HS256";
      const app = await startPlay({ ...play, quirks: { ...play.quirks, algFor: () => alg } });
      expect(await app.signIn()).toBe("id_token_invalid");
    },
  );
});
