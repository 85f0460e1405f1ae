// Uses a grpc-js server as the transport of a server of this package.
import { Server, type ServerOptions } from "@grpc/grpc-js";
import { checkFunctions, checkObject, optional } from "../../checks.ts";
import type { ServerLimits } from "../../limits/limits.ts";
import { LinkedSet } from "../../linked-set.ts";
import type { Compression } from "../../protocol/compression.ts";
import { hostPort } from "../../protocol/host-port.ts";
import type { ServerTls } from "../../security/tls.ts";
import type { ListenAddress, Listening, ServedMethod, ServerTransport, ServerTransportFactory, UnsentCall } from "../server.ts";
import { serverCredentials } from "./credentials.ts";
import { limitOptions } from "./limits.ts";
import { type CallObserver, serviceOf } from "./served-call.ts";
import type { GrpcJsServerStream } from "./server-stream.ts";
import { checkResponseCompression } from "./unsupported.ts";

/**
 * Creates a transport that uses a grpc-js server. unsupported.ts lists what grpc-js cannot do.
 *
 * @example
 * const server = createServer({ transport: grpcJsTransport() });
 *
 * @param options options of the grpc-js server, including its interceptors, which see each message
 * as a Buffer. They override the server's `limits`.
 * @throws TypeError for an option that grpc-js does not have.
 */
export function grpcJsTransport(options: ServerOptions = {}): ServerTransportFactory {
  checkObject("the options of grpcJsTransport()", options);
  for (const name of Object.keys(options)) {
    if (name !== "interceptors" && !/^grpc(?:-node)?\./.test(name)) {
      throw new TypeError(`grpcJsTransport() has no option "${name}"; the options are interceptors, and those of grpc-js, "grpc.*"`);
    }
  }
  optional(checkFunctions, "interceptors", options.interceptors);
  return (limits, compression) => new GrpcJsTransport(limits, compression, options);
}

class GrpcJsTransport implements ServerTransport, CallObserver {
  readonly #server: Server;
  /** The calls that are not gone yet. */
  readonly #calls = new LinkedSet<GrpcJsServerStream>();
  #onIdle: (() => void) | undefined;

  /** @throws TypeError for a limit or a compression that grpc-js does not support. */
  constructor(limits: ServerLimits, compression: Compression, options: ServerOptions) {
    checkResponseCompression(compression);
    this.#server = new Server({ ...limitOptions(limits), ...options });
  }

  add(method: ServedMethod): void {
    this.#server.addService(...serviceOf([method], this));
  }

  async listen(address: ListenAddress, tls: ServerTls | undefined): Promise<Listening> {
    const credentials = serverCredentials(tls);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.bindAsync(uriOf(address), credentials, (error, port) => (error === null ? resolve(port) : reject(systemError(error))));
    const port = await promise;
    return {
      // grpc-js reports port 1 for a Unix domain socket.
      port: address.path === undefined ? port : 0,
      close: async () => this.#server.unbind(uriOf({ ...address, port })),
    };
  }

  begun(call: GrpcJsServerStream): void {
    this.#calls.add(call);
  }

  gone(call: GrpcJsServerStream): void {
    if (this.#calls.delete(call) && this.#calls.isEmpty) this.#onIdle?.();
  }

  async drain(): Promise<void> {
    const { promise: disconnected, resolve } = Promise.withResolvers<void>();
    this.#server.tryShutdown(() => resolve());
    // tryShutdown also waits for silent connections, and never returns if a connection is lost when
    // it begins.
    if (!this.#calls.isEmpty) await Promise.race([disconnected, new Promise<void>((resolve) => (this.#onIdle = resolve))]);
    await Promise.race([disconnected, soon()]);
  }

  unsent(): UnsentCall[] {
    return [...this.#calls].filter(({ over }) => over);
  }

  destroy(): void {
    this.#server.forceShutdown();
  }
}

/** How long the last statuses may take to be written, in milliseconds. */
const lastStatusesMs = 20;

function soon(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, lastStatusesMs);
  });
}

function uriOf({ host, port, path }: ListenAddress): string {
  return path === undefined ? hostPort(host, port) : `unix:${path}`;
}

/** Extracts the system's code from the message of a grpc-js error. */
function systemError(error: Error): NodeJS.ErrnoException {
  const code = error.message.startsWith("Name resolution failed") ? "ENOTFOUND" : /\b(E[A-Z]{3,})\b/.exec(error.message)?.[1];
  return code === undefined ? error : Object.assign(new Error(error.message, { cause: error }), { code, syscall: "listen" });
}
