// Options of keys that come from the issuer.
import { checkBoolean, checkFunction, type Names } from "@grpc-study/rpc/checks";
import { checkSeconds } from "../checks.ts";

/** How the keys of an issuer are requested and cached. */
export interface RemoteKeysOptions {
  /**
   * Seconds after which the keys are requested again. Requests begin at half of it, so calls do not
   * wait for them. Default: 600 (10 minutes).
   */
  readonly maxAgeS?: number | undefined;
  /**
   * Seconds between requests because of a token with an unknown key, and the longest pause between
   * requests that fail. Anyone can send such tokens. Default: 10.
   */
  readonly cooldownS?: number | undefined;
  /**
   * Seconds for which the last keys stay in use if the issuer does not respond. A key that the
   * issuer has revoked is valid for as long. Default: 86,400 (a day).
   */
  readonly staleS?: number | undefined;
  /** Seconds after which a request fails. Default: 5. */
  readonly timeoutS?: number | undefined;
  /**
   * Whether the issuer may have an `http:` URL. Whoever can change the response can sign tokens.
   * Default: false, except for loopback.
   */
  readonly allowHttp?: boolean | undefined;
  /** Sends the requests, for example through a proxy. Default: the `fetch` of Node. */
  readonly fetch?: typeof fetch | undefined;
  /** Called if the keys cannot be requested. Default: a process warning. */
  readonly onReloadError?: ((error: Error) => void) | undefined;
}

export const remoteNames: Names<RemoteKeysOptions> = {
  maxAgeS: true,
  cooldownS: true,
  staleS: true,
  timeoutS: true,
  allowHttp: true,
  fetch: true,
  onReloadError: true,
};

export interface RemoteSettings {
  readonly maxAgeMs: number;
  readonly cooldownMs: number;
  readonly staleMs: number;
  readonly timeoutMs: number;
  readonly allowHttp: boolean;
  readonly fetch: typeof fetch;
  readonly onReloadError: (error: Error) => void;
}

/** @throws TypeError, RangeError */
export function remoteSettings(options: RemoteKeysOptions): RemoteSettings {
  const { maxAgeS = 600, cooldownS = 10, staleS = 86_400, timeoutS = 5, allowHttp = false } = options;
  const { fetch: send = fetch, onReloadError = (error) => process.emitWarning(error) } = options;
  checkFunction("fetch", send);
  checkFunction("onReloadError", onReloadError);
  return {
    maxAgeMs: 1000 * checkSeconds("maxAgeS", maxAgeS, 0.001),
    cooldownMs: 1000 * checkSeconds("cooldownS", cooldownS),
    staleMs: 1000 * checkSeconds("staleS", staleS),
    timeoutMs: Math.min(1000 * checkSeconds("timeoutS", timeoutS, 0.001), 2 ** 31 - 1),
    allowHttp: checkBoolean("allowHttp", allowHttp),
    fetch: send,
    onReloadError,
  };
}

/** @throws TypeError if the value is not a URL that may be used. */
export function checkUrl(name: string, value: unknown, { allowHttp }: RemoteSettings): URL {
  const url = value instanceof URL || typeof value === "string" ? URL.parse(String(value)) : null;
  if (url === null) throw new TypeError(`${name} must be a URL, got ${typeof value === "string" ? `"${value}"` : typeof value}`);
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(`${name} must be a URL without a user and a password, got ${shownUrl(url)}: send them by \`fetch\``);
  }
  const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url.protocol === "https:" || (url.protocol === "http:" && (allowHttp || loopback))) return url;
  if (url.protocol === "http:") throw new TypeError(`${name} must be an https: URL, unless allowHttp is true, got ${shownUrl(url)}`);
  throw new TypeError(`${name} must be an https: URL, got ${shownUrl(url)}`);
}

/** Formats a URL for a message, without the parts that may be secrets. */
export function shownUrl(url: URL): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  shown.search = "";
  shown.hash = "";
  return shown.href;
}
