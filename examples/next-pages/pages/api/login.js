import auth0 from "../../lib/auth0.js";

export default async function login(req, res) {
  try {
    // Auth0 takes the API as `audience` of initAuth0; the demo's provider as `resource` (RFC 8707).
    await auth0.handleLogin(req, res, { authParams: { resource: process.env.API_URL } });
  } catch (error) {
    res.status(error.status || 500).end(error.message);
  }
}
