// What carries the calls of a test. Every behaviour is the same over each, but for what one of them
// cannot do.

const all = ["http2", "in process", "grpc-js"] as const;

export type Transport = (typeof all)[number];

const selected = process.env["RPC_TRANSPORTS"]?.split(",");

/** `RPC_TRANSPORTS=http2,grpc-js` leaves the others out. */
export const transports: readonly Transport[] = all.filter((transport) => selected?.includes(transport) ?? true);

/**
 * What a transport cannot do, and why. Whoever asks for it is refused: those refusals have tests
 * beside the transport (`transport/grpc-js/*.test.ts`).
 */
const lacks = {
  /**
   * grpc-js compresses by channel and by server, not by call (transport/grpc-js/unsupported.ts).
   */
  compression: ["grpc-js"],
  /** Node's http2 joins the text values of a key, and gives grpc-js one. */
  severalValues: ["grpc-js"],
} as const satisfies Readonly<Record<string, readonly Transport[]>>;

/** The transports that can do something. */
export function transportsWith(ability: keyof typeof lacks): Transport[] {
  return transports.filter((transport) => !(lacks[ability] as readonly Transport[]).includes(transport));
}
