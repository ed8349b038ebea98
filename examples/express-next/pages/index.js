/** `req.auth` comes from the Express middleware in server.js. */
export const getServerSideProps = async ({ req }) => ({ props: { name: req.auth.session?.user.name ?? null } });

export default function Home({ name }) {
  return name ? (
    <main>
      <h1>Hello {name}</h1>
      <p>Signed in.</p>
      <a href="/profile">Profile</a>
      <form method="post" action="/auth/logout">
        <button type="submit">Sign out</button>
      </form>
    </main>
  ) : (
    <a href="/auth/login">Sign in</a>
  );
}
