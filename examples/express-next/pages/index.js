import Head from "next/head";

/** `req.auth` comes from the Express middleware in server.js. */
export const getServerSideProps = async ({ req }) => ({ props: { name: req.auth.session?.user.name ?? null } });

export default function Home({ name }) {
  return (
    <main>
      <Head>
        <title>latchkey on Next.js behind Express</title>
      </Head>
      <h1>{name ? `Hello ${name}` : "You are not signed in"}</h1>
      {name ? (
        <form method="post" action="/auth/logout">
          <button type="submit">Sign out</button>
        </form>
      ) : (
        <a href="/auth/login">Sign in</a>
      )}
      <p>
        <a href="/profile">Profile</a>, a page that needs a session
      </p>
    </main>
  );
}
