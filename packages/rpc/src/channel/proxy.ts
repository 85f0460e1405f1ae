// Finds the HTTP proxy for a target, from the channel's option or from the environment. The
// variables `grpc_proxy`, `https_proxy` and `http_proxy` work as in gRPC's C-core, and
// `no_grpc_proxy` and `no_proxy` as in curl.
import { BlockList, isIP, isIPv4 } from "node:net";
import type { HttpProxy } from "../transport/connection.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The first variable that is set applies. An empty value means no proxy. */
const proxyNames = ["grpc_proxy", "https_proxy", "HTTPS_PROXY", "http_proxy"];
const exceptNames = ["no_grpc_proxy", "no_proxy", "NO_PROXY"];

/**
 * Returns the proxy for connections to a host, or undefined.
 * @param host a name, or an IP address without brackets.
 * @throws TypeError if the variable is not the URL of an HTTP proxy. The message omits the user
 * name and password.
 */
export function proxyFor(host: string, port: number, environment: Environment = process.env): HttpProxy | undefined {
  const name = firstSet(proxyNames, environment);
  const value = name === undefined ? "" : (environment[name] ?? "").trim();
  if (name === undefined || value === "" || isThisMachine(host) || isExcepted(host, port, environment)) return undefined;
  return parseProxy(`the environment variable ${name}`, value);
}

/** Loopback hosts bypass the proxy, as in Go. */
function isThisMachine(host: string): boolean {
  return /^localhost\.?$/i.test(host) || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

function firstSet(names: readonly string[], environment: Environment): string | undefined {
  return names.find((name) => environment[name] !== undefined);
}

/**
 * @param name the name of the value, for error messages.
 * @throws TypeError if the value is not the URL of an HTTP proxy. The message omits the user name
 * and password.
 */
export function parseProxy(name: string, value: string): HttpProxy {
  const wrong = (what: string) => new TypeError(`${name} must be the URL of an HTTP proxy, http://host:port: ${what}`);
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.parse(withScheme);
  if (url === null || url.hostname === "") throw wrong("it is not a URL");
  if (url.protocol !== "http:") throw wrong(`its scheme is ${url.protocol.slice(0, -1)}`);
  const { username, password } = url;
  const user = `${decoded(username)}:${decoded(password)}`;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 80 : Number(url.port),
    authorization: username === "" && password === "" ? undefined : `Basic ${Buffer.from(user).toString("base64")}`,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Whether an entry of `no_proxy` matches the host. An entry is `*`, a name, which includes its
 * subdomains, an address, or a range such as `10.0.0.0/8`. Each may end in `:port`.
 */
function isExcepted(host: string, port: number, environment: Environment): boolean {
  const name = firstSet(exceptNames, environment);
  if (name === undefined) return false;
  const entries = (environment[name] ?? "").split(/[\s,]+/).filter((entry) => entry !== "");
  return entries.some((entry) => matches(entry.toLowerCase(), host.toLowerCase().replace(/\.$/, ""), port));
}

function matches(entry: string, host: string, port: number): boolean {
  if (entry === "*") return true;
  // An IPv6 address contains colons, so it needs brackets before a port.
  const [, v6, name = entry, only] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
  if (only !== undefined && Number(only) !== port) return false;
  const family = isIP(host);
  if (family !== 0) return holds(v6 ?? name, host, family === 6 ? "ipv6" : "ipv4");
  const suffix = name.replace(/^\*?\./, "").replace(/\.$/, "");
  return suffix !== "" && (host === suffix || host.endsWith(`.${suffix}`));
}

function holds(entry: string, address: string, family: "ipv4" | "ipv6"): boolean {
  const [network = "", bits] = entry.split("/");
  if (isIP(network) !== (family === "ipv6" ? 6 : 4)) return false;
  const list = new BlockList();
  try {
    if (bits === undefined) list.addAddress(network, family);
    else list.addSubnet(network, Number(bits), family);
  } catch {
    return false;
  }
  return list.check(address, family);
}
