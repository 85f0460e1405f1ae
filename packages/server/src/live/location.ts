// Where the live log is, which carries entries between processes. This file loads no driver, so that a
// command line can use it.
import { isEncoded } from "@grpc-study/store/location";

/** Servers of NATS, a PostgreSQL server, or the memory of this process. */
export type LiveLocation = { readonly nats: string } | { readonly database: string } | "memory";

interface LiveOptions {
  readonly nats?: string | undefined;
  readonly database?: string | undefined;
  readonly workers: number;
}

/**
 * The location that a command line names: NATS takes precedence over a database. Returns `undefined`
 * if the processes of the command have no server that they could share.
 */
export function liveLocation({ nats, database, workers }: LiveOptions): LiveLocation | undefined {
  if (nats !== undefined) return { nats };
  if (database !== undefined) return { database };
  return workers === 1 ? "memory" : undefined;
}

/** Whether the text is a list of URLs such as `nats://user:password@host:4222`, separated by commas. */
export function isNatsUrls(text: string): boolean {
  return text.split(",").every((text) => {
    const url = /^(nats|tls):\/\/[^/]/.test(text) ? URL.parse(text) : null;
    if (url === null || (url.username === "" && url.password !== "")) return false;
    return isEncoded(url.username) && isEncoded(url.password);
  });
}

/** The location for messages and logs, without passwords. */
export function describeLive(location: LiveLocation): string {
  if (location === "memory") return "the memory of this process";
  if ("nats" in location)
    return `NATS at ${location.nats
      .split(",")
      .map((url) => hostOf(url, 4222))
      .join(", ")}`;
  return `PostgreSQL at ${hostOf(location.database, 5432)}${new URL(location.database).pathname}`;
}

function hostOf(url: string, defaultPort: number): string {
  const { hostname, port } = new URL(url);
  return `${hostname || "localhost"}:${port || defaultPort}`;
}
