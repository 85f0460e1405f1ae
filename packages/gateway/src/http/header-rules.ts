// Validates the options that map headers to metadata and back.
import type { GatewayHooks } from "../hooks.ts";
import type { GatewayOptions } from "../options.ts";
import { isGatewayOnly, isReserved } from "./reserved-headers.ts";

export interface HeaderRules {
  /** Request headers that become metadata, in lower case. */
  readonly forwarded: readonly string[];
  /** Response metadata that becomes headers of the same names, in lower case. */
  readonly plain: ReadonlySet<string>;
  /** The metadata key that sets the HTTP status. */
  readonly status: string | undefined;
  /** Hooks that come before these rules. */
  readonly incoming: GatewayHooks["incomingHeader"];
  readonly outgoing: GatewayHooks["outgoingHeader"];
  readonly outgoingTrailer: GatewayHooks["outgoingTrailer"];
}

/** An option names a header that is invalid or reserved. */
export class HeaderRuleError extends TypeError {
  static {
    HeaderRuleError.prototype.name = "HeaderRuleError";
  }
}

/**
 * @throws HeaderRuleError for an invalid header name, or one that only the gateway or HTTP may set.
 */
export function headerRulesOf({ forwardHeaders = [], responseHeaders = [], statusMetadata, hooks = {} }: GatewayOptions): HeaderRules {
  const forwarded = forwardHeaders.map((name) => name.toLowerCase());
  const plain = responseHeaders.map((name) => name.toLowerCase());
  const status = statusMetadata?.toLowerCase();
  for (const [option, names] of Object.entries({
    forwardHeaders: forwarded,
    responseHeaders: plain,
    statusMetadata: status === undefined ? [] : [status],
  })) {
    for (const name of names) check(option, name);
  }
  const { incomingHeader: incoming, outgoingHeader: outgoing, outgoingTrailer } = hooks;
  return { forwarded, plain: new Set(plain), status, incoming, outgoing, outgoingTrailer };
}

function check(option: string, name: string): void {
  if (isGatewayOnly(name)) throw new HeaderRuleError(`${option} must not name ${name}: only the gateway sets it; see trustProxy`);
  if (!/^[0-9a-z_.-]+$/.test(name)) throw new HeaderRuleError(`${option} contains "${name}", which is not a header name`);
  // gRPC forwards `user-agent` after its own.
  if (isReserved(name) && name !== "user-agent")
    throw new HeaderRuleError(`${option} must not name ${name}: it belongs to the connection or to gRPC`);
}
