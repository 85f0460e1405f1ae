// A plain HTTP client for HTTP/1.1 and HTTP/2: it sends requests exactly as written and returns raw
// responses.
import { once } from "node:events";
import { request as requestPlain } from "node:http";
import { connect } from "node:http2";
import { request as requestSecure } from "node:https";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import type { TLSSocket } from "node:tls";

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number | undefined;
  /** Headers by name, in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** The CA and the certificate of an HTTPS client, in PEM. */
export interface ClientIdentity {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Makes a request on a new connection. Does not follow redirects and does not retry. */
export type Ask = (url: string, question?: Question, identity?: ClientIdentity) => Promise<Answer>;

export const askHttp1: Ask = async (url, { method = "GET", headers, body } = {}, identity) => {
  const { origin } = new URL(url);
  // The path exactly as written; `URL` would normalize it.
  const options = { method, headers, path: url.slice(origin.length), agent: false, ...identity };
  const request = url.startsWith("https:") ? requestSecure(origin, options) : requestPlain(origin, options);
  request.end(body);
  const [response] = await once(request, "response");
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
};

export const askHttp2: Ask = async (url, { method = "GET", headers, body } = {}, identity) => {
  const { origin } = new URL(url);
  const session = connect(origin, { ...identity });
  try {
    await once(session, "connect");
    const closed = once(session, "close").then(() => Promise.reject(new Error("the connection was closed")));
    closed.catch(() => {});
    const stream = session.request({ ...headers, ":method": method, ":path": url.slice(origin.length) });
    stream.end(body);
    const [response] = await Promise.race([once(stream, "response"), closed]);
    const { ":status": status, ...rest } = response;
    return { status, headers: rest, body: await text(stream) };
  } finally {
    session.destroy();
  }
};

/** Writes to a connection, and resolves with all bytes received until the peer closes it. */
export async function exchange(socket: Socket | TLSSocket, written: string): Promise<string> {
  socket.on("error", () => {});
  socket.write(written);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "close");
  return Buffer.concat(chunks).toString();
}
