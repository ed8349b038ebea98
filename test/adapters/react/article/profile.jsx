import { withAuth, withLoginRequired } from "../../../../adapters/react/index.js";

function Profile({ auth }) {
  const { user } = auth;
  return (
    <div>
      <h1>Profile</h1>
      <pre>{JSON.stringify(user || {}, null, 2)}</pre>
    </div>
  );
}

export default withLoginRequired(withAuth(Profile));
