import auth0 from "../../lib/auth0.js";

export default async function login(req, res) {
  try {
    // The demo's provider identifies the API by `resource` (RFC 8707). With Auth0, set `audience` in initAuth0 instead.
    await auth0.handleLogin(req, res, { authParams: { resource: process.env.API_URL } });
  } catch (error) {
    res.status(error.status || 500).end(error.message);
  }
}
