// Listens on an address, and explains failures.
import { checkFunction, checkObject } from "../checks.ts";
import type { ServerTls } from "../security/tls.ts";
import { pathTooLong } from "../transport/connect-cause.ts";
import type { ListenAddress, Listening, ServerTransport } from "../transport/server.ts";
import { formatAddress, parseAddress } from "./address.ts";

/** An address that a server listens on. */
export interface BoundAddress {
  /** `host:port` with brackets around IPv6, or `unix:` and a path: the format of client targets. */
  readonly address: string;
  /** Empty for a Unix domain socket. */
  readonly host: string;
  /** 0 for a Unix domain socket. */
  readonly port: number;
}

const plain: Readonly<Record<string, string>> = {
  EADDRINUSE: "the address is already in use",
  EACCES: "permission denied",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "no such host",
};

/** Explains codes that have a special meaning for Unix domain sockets. */
function socketReason(path: string, code: string | undefined): string | undefined {
  // libuv also reports EACCES for a missing folder.
  if (code === "EACCES") return "permission denied, or its folder does not exist";
  return code === "EINVAL" ? pathTooLong(path) : undefined;
}

/**
 * Thrown if a server cannot listen. `code` is the system's error code (`EADDRINUSE`, `EACCES`,
 * `EADDRNOTAVAIL`, …), if there is one.
 */
export class ListenError extends Error {
  static {
    ListenError.prototype.name = "ListenError";
  }
  readonly address: string;
  readonly code: string | undefined;

  constructor(address: string, reason: string, code?: string, options?: ErrorOptions) {
    super(`cannot listen on ${address}: ${reason}`, options);
    this.address = address;
    this.code = code;
  }
}

/**
 * Listens on one address: `host:port` or `unix:path`. Port 0 takes any free port. `localhost` means
 * the loopback addresses of both families, on the same port.
 *
 * @param transport binds one address of one family, and rejects with the system's error.
 * @throws TypeError for an address of another format, ListenError, TlsFileError
 */
export async function listen(transport: Pick<ServerTransport, "listen">, address: string, tls?: ServerTls): Promise<BoundAddress> {
  checkFunction("transport.listen of listen()", checkObject("the transport of listen()", transport)["listen"]);
  const at = parseAddress(address);
  const { port } = at.host === "localhost" ? await listenOnLoopback(transport, at.port, tls) : await bind(transport, at, tls);
  return { address: formatAddress({ ...at, port }), host: at.host, port };
}

async function listenOnLoopback(
  transport: Pick<ServerTransport, "listen">,
  port: number,
  tls: ServerTls | undefined,
  attempts = 5,
): Promise<Listening> {
  const v4 = await bind(transport, { host: "127.0.0.1", port }, tls);
  try {
    await bind(transport, { host: "::1", port: v4.port }, tls);
  } catch (error) {
    const { code } = error as ListenError;
    // The machine has no IPv6.
    if (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT") return v4;
    await v4.close();
    // The free IPv4 port is in use on ::1.
    if (code === "EADDRINUSE" && port === 0 && attempts > 1) return listenOnLoopback(transport, 0, tls, attempts - 1);
    throw error;
  }
  return v4;
}

async function bind(transport: Pick<ServerTransport, "listen">, at: ListenAddress, tls: ServerTls | undefined): Promise<Listening> {
  try {
    return await transport.listen(at, tls);
  } catch (error) {
    const { code, message, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    const ofSocket = at.path === undefined ? undefined : socketReason(at.path, code);
    const reason = ofSocket ?? (code && plain[code]) ?? message;
    throw new ListenError(formatAddress(at), reason, code, { cause: error });
  }
}
