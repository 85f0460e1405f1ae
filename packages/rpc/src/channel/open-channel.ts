// Creates a channel from a target and checked options.
import { isIP } from "node:net";
import type { Certificates } from "../security/certificates.ts";
import { clientCertificates } from "../security/tls.ts";
import type { Channel } from "../transport/client.ts";
import type { Dial, DialOptions, HttpProxy } from "../transport/connection.ts";
import { PooledChannel } from "./channel.ts";
import type { ChannelConfig } from "./options.ts";
import { keyOf, release, share } from "./pool.ts";
import { parseProxy, proxyFor } from "./proxy.ts";
import type { Lookup } from "./resolver.ts";
import { SharedChannel, type SharedSettings } from "./shared-channel.ts";
import { parseTarget, type Target } from "./target.ts";

/** Functions that a channel depends on. Tests replace them. */
export interface ChannelDependencies {
  dialer(options: DialOptions): Dial;
  readonly lookup: Lookup;
}

/**
 * @throws TypeError if the target is malformed. TlsFileError if a certificate or key is unusable.
 */
export function openChannel(target: string, config: ChannelConfig, dependencies: ChannelDependencies): Channel {
  const given = parseTarget(target);
  const { tls, limits, balancing, healthService, backoff, connectTimeoutMs, idleTimeoutMs, dnsRefreshMs, pool } = config;
  const secure = tls !== undefined;
  const proxy = proxyOf(given, config);
  // As in Go, the name that the certificate must match is also the :authority.
  const authority = config.authority ?? tls?.serverName ?? given.authority;
  const serverName = tls?.serverName ?? (config.authority === undefined ? given.serverName : hostOf(config.authority));
  // A proxy resolves the name, and an IP address needs no resolution.
  const isAddress = given.host !== undefined && (proxy !== undefined || isIP(given.host.host) !== 0);
  const resolved: Target = isAddress ? { ...given, host: undefined, addresses: [given.host] } : given;
  const connecting = { balancing, healthService, backoff, connectTimeoutMs, idleTimeoutMs, dnsRefreshMs };
  const settings = (): SharedSettings => {
    const certificates = tls && clientCertificates(tls);
    const dial = dependencies.dialer({ target: given.name, certificates, serverName, authority, limits, proxy });
    return { target: resolved, dial: withCurrent(certificates, dial), lookup: dependencies.lookup, certificates, ...connecting };
  };
  if (!pool) {
    const own = new SharedChannel(settings());
    return new PooledChannel(given.name, authority, secure, own, config, () => own.close());
  }
  const key = keyOf([dependencies, resolved, authority, serverName, proxy, tls, limits, connecting]);
  return new PooledChannel(given.name, authority, secure, share(key, settings), config, () => release(key));
}

/**
 * Reloads the certificate files before each attempt to connect: an idle channel does not watch
 * them.
 */
function withCurrent(certificates: Certificates | undefined, dial: Dial): Dial {
  if (certificates === undefined) return dial;
  return async (address, signal, onStep) => {
    onStep?.("the files of its certificates");
    await certificates.reload();
    return dial(address, signal, onStep);
  };
}

function proxyOf(target: Target, { proxy }: ChannelConfig): HttpProxy | undefined {
  if (proxy === false) return undefined;
  if (proxy === undefined) return target.host && proxyFor(target.host.host, target.host.port);
  if (target.host === undefined)
    throw new TypeError(`the option proxy requires a target with a host name, and ${target.name} lists addresses`);
  return parseProxy("proxy", proxy);
}

/** The host of an `:authority`. */
function hostOf(authority: string): string {
  return authority.replace(/:\d*$/, "").replace(/^\[|\]$/g, "");
}
