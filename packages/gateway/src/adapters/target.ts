// The target of a request: its path, its query, and its host if it has one.

/** A target in absolute form, which proxies receive (RFC 9112, section 3.2.2). */
const absolute = /^https?:\/\/(?<host>[^/?#]*)/i;

export interface Target {
  /** Starts with a slash. */
  readonly path: string;
  /** Empty without a query. */
  readonly query: string;
  /** The host of a target in absolute form. It replaces the header `host`. */
  readonly host: string | undefined;
}

/** @param prefix removed from the path, unless the path has another prefix. */
export function splitTarget(target: string, prefix: string): Target {
  let host: string | undefined;
  let rest = target;
  if (rest.charCodeAt(0) !== slash) {
    const match = absolute.exec(rest);
    host = match?.groups?.["host"];
    rest = rest.slice(match?.[0].length ?? 0);
  }
  const mark = rest.indexOf("?");
  const path = mark < 0 ? rest : rest.slice(0, mark);
  const query = mark < 0 ? "" : rest.slice(mark + 1);
  return { path: below(path, prefix), query, host };
}

const slash = 0x2f;

function below(path: string, prefix: string): string {
  const isBelow = prefix !== "" && path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === slash);
  const rest = isBelow ? path.slice(prefix.length) : path;
  // The target of `OPTIONS *` has no slash, and an absolute form may have no path.
  return rest.charCodeAt(0) === slash ? rest : `/${rest}`;
}
