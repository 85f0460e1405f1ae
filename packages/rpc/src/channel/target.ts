// Parses the target of a channel (https://github.com/grpc/grpc/blob/master/doc/naming.md).
import { isIPv4, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import { wrongType } from "../checks.ts";
import type { Address } from "../transport/connection.ts";

/** A parsed target. */
export interface Target {
  /** The name for error messages. */
  readonly name: string;
  /** The `:authority` of its calls. */
  readonly authority: string;
  /** The name that the server's certificate must match. */
  readonly serverName: string;
  /** The host and port to resolve. Undefined if the target lists addresses. */
  readonly host: HostPort | undefined;
  /** The addresses that the target lists. */
  readonly addresses: readonly Address[];
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** naming.md: the default port is that of HTTPS, with and without TLS. */
const defaultPort = 443;

/** @throws TypeError that contains the target and a suggestion. */
export function parseTarget(target: string): Target {
  if (typeof target !== "string") throw wrongType("the target of a channel", "a string", target);
  const { scheme, rest } = /^(?<scheme>[a-z][a-z0-9+.-]*):(?<rest>.*)$/is.exec(target)?.groups ?? {};
  switch (scheme?.toLowerCase()) {
    case "http":
    case "https":
      // In `http:50051`, `http` is a host name.
      if (rest?.startsWith("/")) throw fromUrl(target);
      return named(target, target);
    case "dns":
      return named(target, dnsName(target, rest ?? ""));
    case "ipv4":
    case "ipv6":
      return listed(target, scheme?.toLowerCase() === "ipv4", rest ?? "");
    case "xds":
      // In `xds:50051`, `xds` is a host name.
      if (rest === "" || /^\d+$/.test(rest ?? "")) return named(target, target);
      throw wrong(
        target,
        'pass createClient() a channel of grpc-js, grpcJsChannel(new grpc.Channel("xds:///…", …)), from @grpc-study/rpc/grpc-js',
      );
    case "unix":
      return socket(target, rest ?? "");
    default:
      if (rest?.startsWith("/")) throw wrong(target, `the scheme "${scheme}" is unknown: use dns, ipv4, ipv6 or unix`);
      return named(target, target);
  }
}

function fromUrl(target: string): TypeError {
  if (!URL.canParse(target)) return wrong(target, 'write "host:port"');
  const { protocol, hostname, port } = new URL(target);
  const secure = protocol === "https:";
  return wrong(target, `write "${hostname}:${port || (secure ? 443 : 80)}"${secure ? " and set tls" : ""}`);
}

/** The host and port in `dns:host:port` or `dns:///host:port`. */
function dnsName(target: string, rest: string): string {
  if (!rest.startsWith("//")) return rest.replace(/^\//, "");
  const { server, name } = /^\/\/(?<server>[^/]*)\/(?<name>.*)$/.exec(rest)?.groups ?? {};
  if (name === undefined) throw wrong(target, 'write "dns:host:port" or "dns:///host:port"');
  if (server !== "")
    throw wrong(target, `a DNS server in the target is not supported, since the system resolves names: write "dns:${name}"`);
  return name;
}

function named(target: string, name: string): Target {
  const { host, port } = hostPort(target, name);
  // Omits an IPv6 zone, which has a meaning on this machine only.
  const authority = isIPv6(host) && !name.startsWith("[") ? `[${host}]` : name.replace(/%[^\]]*/, "");
  // HTTP/2 requires ASCII.
  const ascii = /^[ -~]*$/.test(authority) ? authority : authority.replace(/^[^:]+/, host);
  return { name, authority: ascii, serverName: host, host: { host, port }, addresses: [] };
}

function hostPort(target: string, text: string): HostPort {
  const groups = /^(?:\[(?<v6>[^[\]]*)\]|(?<host>[^:[\]]*))(?::(?<port>[^:]*))?$/.exec(text)?.groups;
  const given = groups?.["v6"] ?? groups?.["host"] ?? text;
  const port = groups?.["port"] === undefined ? defaultPort : portOf(target, groups["port"]);
  // A URI encodes a zone as `%25eth0` (RFC 6874).
  const v6 = given.replace("%25", "%");
  if (isIPv6(v6)) return { host: v6, port };
  if (groups === undefined || groups["v6"] !== undefined) throw wrong(target, `"${given}" is not an IPv6 address`);
  const host = /[\s/?#@\\,%]/.test(given) ? "" : domainToASCII(given);
  if (host === "") throw wrong(target, given === "" ? 'it has no host: write "host:port"' : `"${given}" is not a host: write "host:port"`);
  return { host, port };
}

function portOf(target: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw wrong(target, `the port must be 1 to 65535, got "${text}"`);
  return port;
}

function listed(target: string, v4: boolean, rest: string): Target {
  const parts = rest.replace(/^\/\/\//, "").split(",");
  const addresses = parts.map((part) => hostPort(target, part));
  for (const { host } of addresses) {
    if (v4 ? !isIPv4(host) : !isIPv6(host)) throw wrong(target, `"${host}" is not an ${v4 ? "IPv4" : "IPv6"} address`);
  }
  const [first] = addresses as [HostPort];
  const authority = v4 || parts[0]?.startsWith("[") ? (parts[0] as string) : `[${first.host}]`;
  return { name: target, authority, serverName: first.host, host: undefined, addresses };
}

function socket(target: string, rest: string): Target {
  const path = rest.replace(/^\/\/(?=\/)/, "");
  if (path === "" || path.startsWith("//")) throw wrong(target, 'write "unix:path" or "unix:///absolute/path"');
  return { name: `unix:${path}`, authority: "localhost", serverName: "localhost", host: undefined, addresses: [{ path }] };
}

function wrong(target: string, hint: string): TypeError {
  return new TypeError(`${JSON.stringify(target)} is not a target: ${hint}`);
}
