// The gateway as a process: the command in front of a server, and `pnpm start`, where the shop
// includes one.
import { gatewayMain, startMain } from "../harness/paths.ts";
import { ServerProcess } from "../harness/server.ts";

/** A process that serves HTTP. */
export class GatewayProcess extends ServerProcess {
  /** `http://127.0.0.1:…` */
  url = "";

  /** The access log so far, one entry for each request. */
  get requests(): Readonly<Record<string, unknown>>[] {
    return this.stderr.lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === "request");
  }
}

export interface GatewayStart {
  /** The address to listen on. */
  readonly listen?: string;
  /** See `serve` in test/harness/server.ts. */
  readonly shell?: string;
}

/** Starts `grpc-study-gateway` on loopback, and resolves once it listens. */
export async function startGateway(
  upstream: string,
  args: readonly string[] = [],
  { listen = "127.0.0.1:0", shell }: GatewayStart = {},
): Promise<GatewayProcess> {
  const command = [process.execPath, gatewayMain, "--upstream", upstream, "--listen", listen, ...args];
  const [program = "", ...rest] = shell === undefined ? command : ["bash", "-c", shell, "bash", ...command];
  return await ready(new GatewayProcess(program, rest), / serves /, /^(https?:\/\/\S+) serves /);
}

/**
 * Starts the shop as `pnpm start` does: plaintext, mutual TLS, and an HTTP gateway that calls it
 * over mutual TLS. Creates certificates if there are none.
 */
export async function startShop(certs: string, args: readonly string[] = []): Promise<GatewayProcess> {
  const command = [startMain, "shop", "--port", "0", "--certs", certs, ...args];
  return await ready(new GatewayProcess(process.execPath, command), / HTTP, plaintext$/, /\s(\S+:\d+)\s/);
}

/** The shop's gRPC address, by the security column of the start table. */
export function addressOf(shop: GatewayProcess, security: "plaintext" | "mutual TLS"): string {
  const row = shop.stdout.lines.find((line) => line.endsWith(`services.ProdService   ${security}`));
  return row?.split(/\s+/)[1] ?? "";
}

/** Resolves once a gateway prints a row. */
export async function ready(gateway: GatewayProcess, row: RegExp, address: RegExp): Promise<GatewayProcess> {
  try {
    const [, found = ""] = address.exec(await gateway.stdout.line((line) => row.test(line))) ?? [];
    gateway.url = found.startsWith("http") ? found : `http://${found}`;
    gateway.address = new URL(gateway.url).host;
    return gateway;
  } catch (error) {
    await gateway[Symbol.asyncDispose]();
    throw new Error(`the gateway did not start: ${gateway.stderr.text}`, { cause: error });
  }
}
