// Which headers become metadata, and which metadata become headers, beyond the usual ones: the options of a gateway, checked.
import type { GatewayOptions } from "../options.ts";
import { isGatewayOnly, isReserved } from "./reserved-headers.ts";

export interface HeaderRules {
  /** Headers of requests that become metadata, in lower case. */
  readonly forwarded: readonly string[];
  /** Metadata of responses that become headers by their own names, in lower case. */
  readonly plain: ReadonlySet<string>;
  /** The key of metadata that sets the HTTP status. */
  readonly status: string | undefined;
}

/** An option that names a header which it cannot have. */
export class HeaderRuleError extends TypeError {
  static {
    HeaderRuleError.prototype.name = "HeaderRuleError";
  }
}

/** @throws HeaderRuleError for a name that is no header's, or that only the gateway or HTTP sets. */
export function headerRulesOf({ forwardHeaders = [], responseHeaders = [], statusMetadata }: GatewayOptions): HeaderRules {
  const forwarded = forwardHeaders.map((name) => name.toLowerCase());
  const plain = responseHeaders.map((name) => name.toLowerCase());
  for (const [option, names] of Object.entries({ forwardHeaders: forwarded, responseHeaders: plain })) {
    for (const name of names) check(option, name);
  }
  return { forwarded, plain: new Set(plain), status: statusMetadata?.toLowerCase() };
}

function check(option: string, name: string): void {
  if (isGatewayOnly(name)) throw new HeaderRuleError(`${option} must not name ${name}: only the gateway sets it; see trustProxy`);
  if (!/^[0-9a-z_.-]+$/.test(name)) throw new HeaderRuleError(`${option} has "${name}", which is no name of a header`);
  // gRPC has one of its own, and keeps what it is told.
  if (isReserved(name) && name !== "user-agent")
    throw new HeaderRuleError(`${option} must not name ${name}: it belongs to the connection or to gRPC`);
}
