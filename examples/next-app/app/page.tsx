import { Suspense } from "react";
import { auth } from "@/auth";

async function count() {
  "use server";
  await auth.update(({ visits = 0 }) => ({ visits: visits + 1 }));
}

async function signOut() {
  "use server";
  await auth.logout();
}

async function Hello() {
  const session = await auth.getSession();
  if (!session)
    return (
      <main>
        <h1>latchkey on Next.js</h1>
        <p>You are not signed in.</p>
        <a href="/auth/login">Sign in</a>
      </main>
    );
  return (
    <main>
      <h1>Hello {session.user.name}</h1>
      <p>Signed in. Click the buttons, which are server actions, or open a page that needs a session.</p>
      <form action={count}>
        <button type="submit">Counted {session.data.visits ?? 0} times</button>
      </form>
      <form action={signOut}>
        <button type="submit">Sign out</button>
      </form>
      <a href="/account">Account</a>
    </main>
  );
}

export default function Home() {
  return (
    <Suspense fallback={<p>One moment.</p>}>
      <Hello />
    </Suspense>
  );
}
