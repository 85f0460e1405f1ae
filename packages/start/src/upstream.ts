// The gateway's channel to a gRPC server of the same process, over loopback or the address that the
// server listens on.
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { type Channel, type ClientTls, createChannel, createClient } from "@grpc-study/rpc";
import { Health } from "@grpc-study/rpc/health";
import { type Endpoint, StartError, type TlsFiles } from "@grpc-study/server";

/**
 * The order in which servers are tried. The tutorial's httpserver calls the one with mutual TLS.
 */
const preferred: readonly Endpoint["security"][] = ["mutual TLS", "plaintext", "TLS", "token over TLS", "token"];
const connectTimeoutMs = 5000;

/**
 * Connects to the first server that accepts a connection.
 *
 * @throws StartError with the problem of each server, if none accepts.
 */
export async function connectUpstream(servers: readonly Endpoint[], tls: TlsFiles | undefined): Promise<Channel> {
  const problems: string[] = [];
  for (const { address, security } of preferred.flatMap((wanted) => servers.filter(({ security }) => security === wanted))) {
    const target = dialAddress(address);
    const secure = tls && security.includes("TLS") ? clientTls(target, security, tls) : undefined;
    try {
      const channel = createChannel(target, { connectTimeoutMs, ...(secure && { tls: secure }) });
      try {
        // Health needs no token, and its error has the reason why a connection fails.
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
  throw new StartError(`the gateway cannot reach it: ${problems.join("; ")}`);
}

/** Replaces an address that means every interface by loopback: a client cannot connect to it. */
function dialAddress(address: string): string {
  return address.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[(?:::|0*(?::0*){1,7})\]:/, "[::1]:");
}

function clientTls(target: string, security: string, { ca, cert, client }: TlsFiles): ClientTls {
  const serverName = serverNameFor(target, cert);
  return {
    // Without this CA, Node's own authorities may have signed the server's certificate.
    ...(existsSync(ca) && { ca }),
    ...(security === "mutual TLS" && client && existsSync(client.cert) && client),
    ...(serverName !== undefined && { serverName }),
  };
}

/**
 * Returns a name of the server's certificate to verify, or `undefined` if the certificate covers
 * the target's host. Any name of the certificate is right, since the server is this process.
 */
function serverNameFor(target: string, file: string): string | undefined {
  const host = target.slice(0, target.lastIndexOf(":"));
  const certificate = new X509Certificate(readFileSync(file));
  const covers = (name: string) => certificate.checkHost(name) !== undefined;
  if (isIP(host.replace(/^\[|\]$/g, "")) === 0 && covers(host)) return undefined;
  if (covers("localhost")) return "localhost";
  return /DNS:([^*,\s]+)/.exec(certificate.subjectAltName ?? "")?.[1];
}
