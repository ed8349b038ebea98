export const getServerSideProps = async ({ req }) => ({ props: { user: req.auth.session.user } });

export default function Profile({ user }) {
  return <pre>{JSON.stringify(user, null, 2)}</pre>;
}
