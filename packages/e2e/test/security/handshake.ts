// A TLS handshake without gRPC: what any client sees of a server.
import { type ConnectionOptions, connect } from "node:tls";

export interface Handshake {
  /** SHA-256 of the server's certificate. */
  readonly fingerprint: string;
  readonly protocol: string | null;
  /** The application protocol that ALPN selected. */
  readonly alpn: string | false | null;
}

/**
 * Connects, completes the handshake and disconnects. Trusts every certificate. Rejects if the
 * handshake fails.
 */
export function shakeHands(address: string, options: ConnectionOptions = {}): Promise<Handshake> {
  const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(address) ?? [];
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(port),
      servername: "localhost",
      rejectUnauthorized: false,
      ALPNProtocols: ["h2"],
      ...options,
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the connection was closed")));
    socket.on("secureConnect", () => {
      resolve({
        fingerprint: socket.getPeerCertificate().fingerprint256,
        protocol: socket.getProtocol(),
        alpn: socket.alpnProtocol,
      });
      socket.destroy();
    });
  });
}
