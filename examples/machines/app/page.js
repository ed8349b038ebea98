import { auth } from "../auth.js";
import { fingerprint, machine, store } from "../store.js";

const Button = ({ path, children }) => (
  <form method="post" action={path}>
    <button type="submit">{children}</button>
  </form>
);

export default async function Home() {
  const session = await auth.getSession();
  const answered = (
    <p>
      Machine <b>{machine()}</b> answered. Reload the page for the next one.
    </p>
  );
  if (!session)
    return (
      <main>
        <h1>latchkey on several machines</h1>
        {answered}
        <a href="/auth/login">Sign in</a>
      </main>
    );
  // A Server Component can refresh the token as well, because the store keeps it.
  const [token, { length }] = [await auth.getAccessToken(), await store.sessionsOf(session.user.sub)];
  return (
    <main>
      <h1>Hello {session.user.name}</h1>
      {answered}
      <p>
        Signed in. Your sessions: <b>{length}</b>. Access token: <code>{fingerprint(token)}</code>.
      </p>
      <Button path="/refresh">Refresh the token</Button>
      <Button path="/auth/logout">Sign out</Button>
      <Button path="/sign-out-everywhere">Sign out everywhere</Button>
    </main>
  );
}
