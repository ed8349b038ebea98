import { Suspense } from "react";
import { auth } from "@/auth";

async function Account() {
  const { user } = await auth.requireSession({ returnTo: "/account" });
  return (
    <main>
      <h1>Account</h1>
      <pre>{JSON.stringify(user, null, 2)}</pre>
      <a href="/">Home</a>
    </main>
  );
}

export default function Page() {
  return (
    <Suspense fallback={<p>One moment.</p>}>
      <Account />
    </Suspense>
  );
}
