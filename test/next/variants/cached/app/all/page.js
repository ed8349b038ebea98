import { Suspense } from "react";
import { apiOf, auth } from "../../lib/auth.js";
import { print } from "../../lib/print.js";

export async function generateMetadata() {
  return { title: `Title: ${(await auth.getSession())?.user.name ?? "nobody"}` };
}

async function count() {
  "use server";
  await auth.getAccessToken();
  await auth.update(({ count = 0 }) => ({ count: count + 1 }));
}

async function All() {
  const { user, data } = await auth.requireSession({ returnTo: "/all" });
  const token = await auth.getAccessToken();
  const response = await auth.fetch(apiOf("/shows"));
  return (
    <form action={count}>
      <pre>
        {print({ sub: user.sub, isSent: (await response.text()) === `Bearer ${token}`, count: data.count ?? 0 })}
      </pre>
      <button type="submit">Count</button>
    </form>
  );
}

/** Every way to read the session in a page, with a server action that writes it. */
export default function Page() {
  return (
    <Suspense fallback="…">
      <All />
    </Suspense>
  );
}
