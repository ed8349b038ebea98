import { Suspense } from "react";
import { auth } from "../../lib/auth.js";
import { print } from "../../lib/print.js";

async function Who() {
  const session = await auth.getSession();
  return <pre>{print(session?.user.sub ?? null)}</pre>;
}

/** A prerendered shell with a part that reads the session at each request. */
export default function Page() {
  return (
    <>
      <h1>The shell</h1>
      <Suspense fallback="…">
        <Who />
      </Suspense>
    </>
  );
}
