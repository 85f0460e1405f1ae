// The proxy that connections go through (https://github.com/grpc/grpc/blob/master/doc/environment_variables.md).
import { BlockList, isIP, isIPv4 } from "node:net";
import type { HttpProxy } from "../transport/connection.ts";
import type { HostPort } from "./target.ts";

/** In their order: the first that is set counts. */
const proxyNames = ["grpc_proxy", "https_proxy", "http_proxy"] as const;
const exceptionNames = ["no_grpc_proxy", "no_proxy"] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the option `proxy`. @throws TypeError */
export function parseProxy(url: string, name = "proxy"): HttpProxy {
  // A password in it must not get into a message.
  const wrong = new TypeError(`${name} must be a URL of the form http://host:port`);
  if (!URL.canParse(url)) throw wrong;
  const { protocol, hostname, port, username, password } = new URL(url);
  if (protocol !== "http:" || hostname === "") throw wrong;
  const authorization =
    username === ""
      ? undefined
      : `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64")}`;
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 80), authorization };
}

/** The environment's proxy for a host; undefined if there is none. @throws TypeError if a variable cannot be understood. */
export function proxyFromEnvironment({ host }: HostPort, environment: Environment): HttpProxy | undefined {
  const name = proxyNames.find((each) => environment[each]);
  if (name === undefined || isThisMachine(host)) return undefined;
  const exceptions = exceptionNames.map((each) => environment[each]).find(Boolean) ?? "";
  if (exceptions.split(",").some((exception) => covers(exception.trim().toLowerCase(), host.toLowerCase()))) return undefined;
  return parseProxy(environment[name] ?? "", `the environment variable ${name} (or the option proxy, which goes before it)`);
}

/** A proxy does not reach it, as in Go. */
function isThisMachine(host: string): boolean {
  return /^localhost\.?$/i.test(host) || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/** `*`, a host, a domain with or without a dot before it, an IP address, or a network such as `10.0.0.0/8`. */
function covers(exception: string, host: string): boolean {
  if (exception === "" || exception === "*") return exception === "*";
  const [network = "", bits] = exception.split("/");
  if (bits !== undefined) return isIP(host) !== 0 && isInNetwork(host, network, Number(bits));
  const domain = exception.replace(/^\*?\./, "").replace(/:\d+$/, "");
  return host === exception || host === domain || host.endsWith(`.${domain}`);
}

function isInNetwork(host: string, network: string, bits: number): boolean {
  const family = isIPv4(network) ? "ipv4" : "ipv6";
  const list = new BlockList();
  try {
    list.addSubnet(network, bits, family);
  } catch {
    return false;
  }
  return list.check(host, isIPv4(host) ? "ipv4" : "ipv6");
}
