import auth0 from "../../lib/auth0.js";

/** Calls an API outside as the person who is signed in. */
export default auth0.requireAuthentication(async function shows(req, res) {
  const { accessToken } = await auth0.getSession(req);
  const answer = await fetch(`${process.env.API_URL}/shows`, { headers: { authorization: `Bearer ${accessToken}` } });
  res.status(answer.status).json(await answer.json());
});
