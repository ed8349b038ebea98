import { Suspense } from "react";
import { auth } from "../../lib/auth.js";
import { print } from "../../lib/print.js";

/** A private cache may read cookies, but not the connection. */
async function readUser() {
  "use cache: private";
  return (await auth.getSession())?.user.sub ?? null;
}

async function User() {
  return <pre>{print(await readUser())}</pre>;
}

export default function Page() {
  return (
    <Suspense fallback="…">
      <User />
    </Suspense>
  );
}
