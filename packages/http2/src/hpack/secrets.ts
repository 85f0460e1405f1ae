// Fields whose values are secrets: they are sent as never-indexed literals (RFC 7541, 7.1.3).

/** Whether `name` is one of the fields whose values are never indexed, whatever the list says. */
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
