// Fields with secret values, which are sent as never-indexed literals (RFC 7541, 7.1.3).

/** `true` if values of the field `name` are never indexed. */
export function isSecret(name: string): boolean {
  switch (name) {
    case "authorization":
    case "cookie":
    case "proxy-authorization":
    case "set-cookie":
      return true;
    default:
      return false;
  }
}
