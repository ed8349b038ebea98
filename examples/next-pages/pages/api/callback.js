import auth0 from "../../lib/auth0.js";

export default async function callback(req, res) {
  try {
    await auth0.handleCallback(req, res, { redirectTo: "/profile" });
  } catch (error) {
    res.status(error.status || 500).end(error.message);
  }
}
