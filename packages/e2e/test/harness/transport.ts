// The transport of our servers and clients in this run. The vitest project `grpc-js` sets
// E2E_TRANSPORT.
import { type TransportName, transportNames } from "../../interop/transport.ts";

export function transportOf(env: { readonly E2E_TRANSPORT?: string }): TransportName {
  return transportNames.find((name) => name === env.E2E_TRANSPORT) ?? "http2";
}

/** The transport of this test run. */
export const transport = transportOf(process.env);

/** The arguments that select the transport for our commands. */
export function transportArgs(name: TransportName): string[] {
  return name === "http2" ? [] : ["--transport", name];
}
