// Which HTTP proxy leads to a service, by the option of a channel or by the environment: `grpc_proxy`, `https_proxy` and `http_proxy`, as in gRPC's C-core, and `no_grpc_proxy` and
// `no_proxy`, as in curl.
import { BlockList, isIP, isIPv4 } from "node:net";
import type { HttpProxy } from "../transport/connection.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The first that is set counts; set to nothing, it means no proxy. */
const proxyNames = ["grpc_proxy", "https_proxy", "HTTPS_PROXY", "http_proxy"];
const exceptNames = ["no_grpc_proxy", "no_proxy", "NO_PROXY"];

/**
 * The proxy for connections to `host:port`, a name or an IP address without brackets. Undefined: none.
 * @throws TypeError if the variable does not hold the URL of an HTTP proxy. The message has nothing of its user and password.
 */
export function proxyFor(host: string, port: number, environment: Environment = process.env): HttpProxy | undefined {
  const name = firstSet(proxyNames, environment);
  const value = name === undefined ? "" : (environment[name] ?? "").trim();
  if (name === undefined || value === "" || isThisMachine(host) || isExcepted(host, port, environment)) return undefined;
  return parseProxy(`the environment variable ${name}`, value);
}

/** A proxy does not reach it. Go makes the same exception. */
function isThisMachine(host: string): boolean {
  return /^localhost\.?$/i.test(host) || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

function firstSet(names: readonly string[], environment: Environment): string | undefined {
  return names.find((name) => environment[name] !== undefined);
}

/**
 * @param name how messages name the value.
 * @throws TypeError if it is not the URL of an HTTP proxy. The message has nothing of its user and password.
 */
export function parseProxy(name: string, value: string): HttpProxy {
  const wrong = (what: string) => new TypeError(`${name} must be the URL of an HTTP proxy, http://host:port: ${what}`);
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.parse(withScheme);
  if (url === null || url.hostname === "") throw wrong("it is no URL");
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

/** Whether an entry of `no_proxy` names the host: `*`, a name and what is below it, an address, a range `10.0.0.0/8`; each with `:port` or without. */
function isExcepted(host: string, port: number, environment: Environment): boolean {
  const name = firstSet(exceptNames, environment);
  if (name === undefined) return false;
  const entries = (environment[name] ?? "").split(/[\s,]+/).filter((entry) => entry !== "");
  return entries.some((entry) => matches(entry.toLowerCase(), host.toLowerCase().replace(/\.$/, ""), port));
}

function matches(entry: string, host: string, port: number): boolean {
  if (entry === "*") return true;
  // An IPv6 address has colons of its own; a port follows its brackets.
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
