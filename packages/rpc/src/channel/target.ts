// What a channel leads to, as its user writes it (https://github.com/grpc/grpc/blob/master/doc/naming.md).
import { isIPv4, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import { wrongType } from "../checks.ts";
import type { Address } from "../transport/connection.ts";

/** A target that has been read. */
export interface Target {
  /** As messages name it. */
  readonly name: string;
  /** The `:authority` of its calls. */
  readonly authority: string;
  /** The name that a server's certificate must have. */
  readonly serverName: string;
  /** The host and port that name resolution turns into addresses; undefined if `addresses` says it all. */
  readonly host: HostPort | undefined;
  /** The addresses, where the target lists them. */
  readonly addresses: readonly Address[];
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** naming.md: a name without a port has that of HTTPS, with TLS and without. */
const defaultPort = 443;

/** @throws TypeError that names the target and says what to write. */
export function parseTarget(target: string): Target {
  if (typeof target !== "string") throw wrongType("the target of a channel", "a string", target);
  const { scheme, rest } = /^(?<scheme>[a-z][a-z0-9+.-]*):(?<rest>.*)$/is.exec(target)?.groups ?? {};
  switch (scheme?.toLowerCase()) {
    case "http":
    case "https":
      // `http:50051` is a host that is called so.
      if (rest?.startsWith("/")) throw fromUrl(target);
      return named(target, target);
    case "dns":
      return named(target, dnsName(target, rest ?? ""));
    case "ipv4":
    case "ipv6":
      return listed(target, scheme?.toLowerCase() === "ipv4", rest ?? "");
    case "xds":
      // `xds:50051` is a host that is called so.
      if (rest === "" || /^\d+$/.test(rest ?? "")) return named(target, target);
      throw wrong(
        target,
        'give createClient() a channel of grpc-js for it, grpcJsChannel(new grpc.Channel("xds:///…", …)), from @grpc-study/rpc/grpc-js',
      );
    case "unix":
      return socket(target, rest ?? "");
    default:
      if (rest?.startsWith("/")) throw wrong(target, `there is no scheme "${scheme}" here, but dns, ipv4, ipv6 and unix`);
      return named(target, target);
  }
}

function fromUrl(target: string): TypeError {
  if (!URL.canParse(target)) return wrong(target, 'write "host:port"');
  const { protocol, hostname, port } = new URL(target);
  const secure = protocol === "https:";
  return wrong(target, `write "${hostname}:${port || (secure ? 443 : 80)}"${secure ? " and set tls" : ""}`);
}

/** The part of `dns:host:port` or `dns:///host:port` that is a name. */
function dnsName(target: string, rest: string): string {
  if (!rest.startsWith("//")) return rest.replace(/^\//, "");
  const { server, name } = /^\/\/(?<server>[^/]*)\/(?<name>.*)$/.exec(rest)?.groups ?? {};
  if (name === undefined) throw wrong(target, 'write "dns:host:port" or "dns:///host:port"');
  if (server !== "") throw wrong(target, `names are resolved by the system, and not by a server of the target's own: write "dns:${name}"`);
  return name;
}

function named(target: string, name: string): Target {
  const { host, port } = hostPort(target, name);
  // A zone means something on this machine only.
  const authority = isIPv6(host) && !name.startsWith("[") ? `[${host}]` : name.replace(/%[^\]]*/, "");
  // HTTP/2 takes ASCII only.
  const ascii = /^[ -~]*$/.test(authority) ? authority : authority.replace(/^[^:]+/, host);
  return { name, authority: ascii, serverName: host, host: { host, port }, addresses: [] };
}

function hostPort(target: string, text: string): HostPort {
  const groups = /^(?:\[(?<v6>[^[\]]*)\]|(?<host>[^:[\]]*))(?::(?<port>[^:]*))?$/.exec(text)?.groups;
  const given = groups?.["v6"] ?? groups?.["host"] ?? text;
  const port = groups?.["port"] === undefined ? defaultPort : portOf(target, groups["port"]);
  // A zone is written `%25eth0` in an URI (RFC 6874).
  const v6 = given.replace("%25", "%");
  if (isIPv6(v6)) return { host: v6, port };
  if (groups === undefined || groups["v6"] !== undefined) throw wrong(target, `"${given}" is no IPv6 address`);
  const host = /[\s/?#@\\,%]/.test(given) ? "" : domainToASCII(given);
  if (host === "") throw wrong(target, given === "" ? 'it has no host: write "host:port"' : `"${given}" is no host: write "host:port"`);
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
    if (v4 ? !isIPv4(host) : !isIPv6(host)) throw wrong(target, `"${host}" is no ${v4 ? "IPv4" : "IPv6"} address`);
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
