// TLS for connections to a server.
import { isIP, type Socket } from "node:net";
import { connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import type { CertificateContents, Certificates } from "../../../security/certificates.ts";
import { ConnectFailure } from "./connect-failure.ts";
import { waitFor } from "./wait-for.ts";

/** Makes TLS connections with the current certificates. */
export class SecureConnector {
  readonly #certificates: Certificates;
  readonly #serverName: string;
  #contents: CertificateContents | undefined;
  #context: SecureContext | undefined;

  /**
   * @param serverName the name that the server's certificate must contain: a host, or an IP address
   * without brackets.
   */
  constructor(certificates: Certificates, serverName: string) {
    this.#certificates = certificates;
    this.#serverName = serverName;
  }

  async secure(socket: Socket, signal: AbortSignal): Promise<TLSSocket> {
    const secure = connect({
      socket,
      secureContext: this.#current(),
      ALPNProtocols: ["h2"],
      // `host` is checked against the certificate. `servername` is sent by SNI, and must not be an
      // IP address (RFC 6066, section 3).
      host: this.#serverName,
      servername: isIP(this.#serverName) === 0 ? this.#serverName : "",
    });
    secure.on("error", () => {});
    await waitFor(secure, "secureConnect", signal);
    if (secure.alpnProtocol !== "h2") {
      secure.destroy();
      throw new ConnectFailure("the server does not offer HTTP/2 in the TLS handshake (ALPN)");
    }
    return secure;
  }

  #current(): SecureContext {
    const contents = this.#certificates.current();
    if (this.#context === undefined || this.#contents !== contents) {
      const { ca, cert, key } = contents;
      this.#context = createSecureContext({ ca, cert, key });
      this.#contents = contents;
    }
    return this.#context;
  }
}
