// How the gateway that stands beside the topics reaches one of them: over loopback or the address that is listened on, as the listener demands.
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { type Channel, type ClientTls, createChannel, createClient } from "@grpc-study/rpc";
import { Health } from "@grpc-study/rpc/health";
import type { Endpoint, Neighbours } from "@grpc-study/server";

/** From the one that the tutorial has. */
const preferred: readonly Endpoint["security"][] = ["mutual TLS", "plaintext", "TLS", "token over TLS", "token"];
const connectTimeoutMs = 5000;

/**
 * Connects to the first endpoint that takes a connection, in the order of preference.
 *
 * @throws Error with the code EUNREACHABLE and what hinders each, if none does.
 */
export async function connectUpstream({ endpoints, certs, tls }: Neighbours): Promise<Channel> {
  const problems: string[] = [];
  for (const { address, security } of preferred.flatMap((wanted) => endpoints.filter(({ security }) => security === wanted))) {
    const secure = tls && security.includes("TLS") ? clientTls(address, security, certs, tls) : undefined;
    const target = dialAddress(address);
    try {
      const channel = createChannel(target, { connectTimeoutMs, ...(secure && { tls: secure }) });
      try {
        // Anybody may call it, and its error says why a connection fails.
        await createClient(Health, channel).check({});
        return channel;
      } catch (error) {
        channel.close();
        throw error;
      }
    } catch (error) {
      problems.push(`${target} (${security}): ${(error as Error).message}`);
    }
  }
  throw Object.assign(new Error(`the gateway cannot reach it: ${problems.join("; ")}`), { code: "EUNREACHABLE" });
}

/** Nobody can dial the address that means every interface: loopback is one of them. */
function dialAddress(address: string): string {
  return address.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[(?:::|0*(?::0*){1,7})\]:/, "[::1]:");
}

function clientTls(
  address: string,
  security: string,
  certs: string,
  { ca, cert }: { readonly ca: string; readonly cert: string },
): ClientTls {
  const client = { cert: join(certs, "client.pem"), key: join(certs, "client.key") };
  const serverName = nameToCheck(dialAddress(address), cert);
  return {
    // Of a certificate that is not ours, the authority may be one that Node knows.
    ...(existsSync(ca) && { ca }),
    ...(security === "mutual TLS" && existsSync(client.cert) && client),
    ...(serverName !== undefined && { serverName }),
  };
}

/** The server is this process: any name that its certificate has will do. Undefined if it has the dialled one. */
function nameToCheck(target: string, file: string): string | undefined {
  const host = target.slice(0, target.lastIndexOf(":"));
  const certificate = new X509Certificate(readFileSync(file));
  const covers = (name: string) => certificate.checkHost(name) !== undefined;
  if (isIP(host.replace(/^\[|\]$/g, "")) === 0 && covers(host)) return undefined;
  if (covers("localhost")) return "localhost";
  return /DNS:([^*,\s]+)/.exec(certificate.subjectAltName ?? "")?.[1];
}
