// The protocols of a gateway.

/** All protocols of a gateway. */
export const allProtocols = ["rest", "connect", "grpc-web", "grpc"] as const;

/** The protocols that a gateway serves. */
export type Protocol = (typeof allProtocols)[number];
