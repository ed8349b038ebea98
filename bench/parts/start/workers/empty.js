// Responds like the others, without reading a session.
export default { fetch: () => new Response("auth0|5f7c8ec7c33c6c004bbafe82") };
