// The transports that tests run on. They behave alike except for the features listed below.

const all = ["http2", "in process", "grpc-js"] as const;

export type Transport = (typeof all)[number];

const selected = process.env["RPC_TRANSPORTS"]?.split(",");

/** The transports to test. `RPC_TRANSPORTS=http2,grpc-js` selects some of them. */
export const transports: readonly Transport[] = all.filter((transport) => selected?.includes(transport) ?? true);

/**
 * The features that a transport lacks. Tests beside the transport (`transport/grpc-js/*.test.ts`)
 * check that it rejects them.
 */
const lacks = {
  /**
   * grpc-js compresses by channel and by server, not by call (transport/grpc-js/unsupported.ts).
   */
  compression: ["grpc-js"],
  /** node:http2 joins the text values of a key into one. */
  severalValues: ["grpc-js"],
} as const satisfies Readonly<Record<string, readonly Transport[]>>;

/** The transports with an ability. */
export function transportsWith(ability: keyof typeof lacks): Transport[] {
  return transports.filter((transport) => !(lacks[ability] as readonly Transport[]).includes(transport));
}
