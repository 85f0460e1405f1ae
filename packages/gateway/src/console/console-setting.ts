// Whether a gateway serves the console.
import type { ConsoleOption, GatewayOptions } from "../options.ts";
import { allProtocols } from "../protocols.ts";
import type { ConsoleOptions } from "./console-options.ts";
import { isConsoleInstalled } from "./installed.ts";

export interface ConsoleSetting extends ConsoleOptions {
  readonly path: string;
  /** Whether it is served only while the gateway listens on loopback addresses alone. */
  readonly onlyOnLoopback: boolean;
}

/**
 * Reads the option `console`. Returns `undefined` if the console is not served.
 *
 * @throws TypeError if it is asked for, but its package is not installed or Connect is not served.
 */
export function consoleSetting({ console, protocols = allProtocols, paths }: GatewayOptions & ConsoleOption): ConsoleSetting | undefined {
  const isAsked = console !== undefined && console !== false;
  if (console === false || paths?.console === false) return undefined;
  if (!protocols.includes("connect")) {
    if (isAsked) throw new TypeError('console needs the protocol "connect": add it to protocols (--protocols)');
    return undefined;
  }
  if (!isConsoleInstalled()) {
    if (isAsked) throw new TypeError("console needs a package that is not installed: npm install @grpc-study/console");
    return undefined;
  }
  return { path: paths?.console ?? "/console", ...(typeof console === "object" && console), onlyOnLoopback: !isAsked };
}
