import auth0 from "../../lib/auth0.js";

/** Calls an external API on behalf of the signed-in user. */
export default auth0.requireAuthentication(async function shows(req, res) {
  const { accessToken } = await auth0.getSession(req);
  const response = await fetch(`${process.env.API_URL}/shows`, { headers: { authorization: `Bearer ${accessToken}` } });
  res.status(response.status).json(await response.json());
});
