import { Suspense } from "react";
import { auth } from "@/auth";

async function Account() {
  const { user } = await auth.requireSession({ returnTo: "/account" });
  return <pre>{JSON.stringify(user, null, 2)}</pre>;
}

export default function Page() {
  return (
    <Suspense fallback={<p>One moment.</p>}>
      <Account />
    </Suspense>
  );
}
