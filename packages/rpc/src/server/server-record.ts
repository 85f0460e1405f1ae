// What a server knows of itself: its running calls, and what channelz shows of it.
import type { DescMethod } from "@bufbuild/protobuf";
import { CallCounts } from "../channelz/counts.ts";
import { nextId, type ServerEntity, type SocketAddress, type SocketEntity, type SocketFacts } from "../channelz/entities.ts";
import { Trace } from "../channelz/trace.ts";
import { type Linked, LinkedSet } from "../linked-set.ts";
import type { RpcError } from "../protocol/error.ts";
import type { ListenAddress, Listening, ServerTransport } from "../transport/server.ts";
import { formatAddress } from "./address.ts";

/** A call that has not ended. */
export interface RunningCall extends Linked<RunningCall> {
  readonly method: DescMethod;
  readonly peer: string;
  /** Asks the handler to stop. */
  abort(reason: RpcError): void;
  /** Ends the call without waiting for the handler. */
  cutOff(reason: RpcError): void;
}

export class ServerRecord implements ServerEntity {
  readonly id = nextId();
  readonly counts = new CallCounts();
  readonly trace = new Trace();
  readonly running = new LinkedSet<RunningCall>();
  readonly #transport: Pick<ServerTransport, "sockets"> | undefined;
  readonly #listening = new Set<ListenSocket>();

  /** @param transport carries the calls. Undefined for the calls of a foreign server. */
  constructor(transport?: Pick<ServerTransport, "sockets">) {
    this.#transport = transport;
  }

  begin(call: RunningCall): void {
    this.running.add(call);
    this.counts.begin();
  }

  /** The addresses that the server listens on. */
  get name(): string {
    return this.listenSockets.map(({ name }) => name).join(", ");
  }

  get listenSockets(): readonly SocketEntity[] {
    return [...this.#listening];
  }

  get sockets(): readonly SocketEntity[] {
    return this.#transport?.sockets?.() ?? [];
  }

  /** Adds a socket that listens, until it is closed. */
  listens(address: ListenAddress, listening: Listening): Listening {
    const socket = new ListenSocket({ ...address, port: listening.port });
    this.#listening.add(socket);
    this.trace.add(`listens on ${socket.name}`);
    const close = () => {
      this.#listening.delete(socket);
      return listening.close();
    };
    return { port: listening.port, close };
  }

  shutsDown(): void {
    this.#listening.clear();
    this.trace.add("shuts down: no further connections and calls");
  }
}

class ListenSocket implements SocketEntity {
  readonly id = nextId();
  readonly #address: ListenAddress;

  constructor(address: ListenAddress) {
    this.#address = address;
  }

  get name(): string {
    return formatAddress(this.#address);
  }

  facts(): SocketFacts {
    const { host, port, path } = this.#address;
    const local: SocketAddress = path === undefined ? { host, port } : { path };
    return { local, remote: undefined, tls: undefined, traffic: undefined };
  }
}
