// What channelz shows of a connection over HTTP/2. It also counts the messages of the connection.
import { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Connection } from "@grpc-study/http2";
import { MessageCounts } from "../../channelz/counts.ts";
import { nextId, type SocketAddress, type SocketEntity, type SocketFacts, type SocketTls } from "../../channelz/entities.ts";
import { addressText } from "../address-text.ts";

export class ConnectionSocket extends MessageCounts implements SocketEntity {
  readonly id = nextId();
  readonly #connection: Connection;
  readonly #peer: string;

  /** @param peer in the format of `ServerStream.peer`. */
  constructor(connection: Connection, peer: string) {
    super();
    this.#connection = connection;
    this.#peer = peer;
  }

  get name(): string {
    const { local, remote } = this.#addresses();
    return local === undefined ? textOf(remote) : `${textOf(local)} -> ${textOf(remote)}`;
  }

  facts(): SocketFacts {
    const { role, socket } = this.#connection;
    return {
      ...this.#addresses(),
      tls: socket instanceof TLSSocket ? tlsOf(socket) : undefined,
      traffic: { role, ...this.#connection.counters(), messages: this },
    };
  }

  #addresses(): { readonly local: SocketAddress | undefined; readonly remote: SocketAddress } {
    const { socket } = this.#connection;
    if (this.#peer.startsWith("unix:")) return { local: undefined, remote: { path: this.#peer.slice("unix:".length) } };
    if (!(socket instanceof Socket)) return { local: undefined, remote: { text: this.#peer } };
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    return { local: addressOf(localAddress, localPort), remote: addressOf(remoteAddress, remotePort) ?? { text: this.#peer } };
  }
}

function addressOf(host: string | undefined, port: number | undefined): SocketAddress | undefined {
  return host === undefined || port === undefined ? undefined : { host, port };
}

/** Formats an address for the name of a socket. */
function textOf(address: SocketAddress): string {
  return "text" in address ? address.text : addressText(address);
}

function tlsOf(socket: TLSSocket): SocketTls {
  const { raw: local } = (socket.getCertificate() ?? {}) as { raw?: Buffer };
  const { raw: remote } = (socket.getPeerCertificate() ?? {}) as { raw?: Buffer };
  return { cipher: socket.getCipher().standardName, localCertificate: local, remoteCertificate: remote };
}
