// @grpc-study/auth: authentication and authorization as interceptors for @grpc-study/rpc.

export { type ApiKey, type ApiKeyOptions, apiKeys, createApiKey, type NewApiKey } from "./api-keys.ts";
export { type BearerOptions, bearer, type Token } from "./bearer.ts";
export { type Identity, identity } from "./identity.ts";
export type { CredentialOptions } from "./interceptor.ts";
export { type JwtOptions, jwt, type OidcOptions, oidc } from "./jwt.ts";
export type { RemoteKeysOptions } from "./keys/options.ts";
export { anyone, authenticated, type MethodScopes, type Requirement, scopes, type TableRow } from "./scopes.ts";
export type { Algorithm, TokenInterceptor, TokenOptions } from "./token-options.ts";
