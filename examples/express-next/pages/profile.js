import Head from "next/head";

export const getServerSideProps = async ({ req }) => ({ props: { user: req.auth.session.user } });

export default function Profile({ user }) {
  return (
    <main>
      <Head>
        <title>Profile</title>
      </Head>
      <h1>Profile</h1>
      <pre>{JSON.stringify(user, null, 2)}</pre>
      <a href="/">Home</a>
    </main>
  );
}
