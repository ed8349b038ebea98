/** The members of a discovery document (OpenID Connect Discovery 3) that latchkey uses. Only `issuer` was checked. */
export interface DiscoveryDocument {
  readonly issuer: string;
  readonly jwks_uri?: unknown;
  readonly authorization_endpoint?: unknown;
  readonly token_endpoint?: unknown;
  readonly userinfo_endpoint?: unknown;
  readonly revocation_endpoint?: unknown;
  readonly introspection_endpoint?: unknown;
  readonly end_session_endpoint?: unknown;
  readonly pushed_authorization_request_endpoint?: unknown;
  readonly authorization_response_iss_parameter_supported?: unknown;
}
