// Client and server of an exchange on node:http2, the oracle.
import { createHash } from "node:crypto";
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  Http2SecureServer,
  Http2Server,
  Http2Stream,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from "node:http2";
import { type ClientSide, content, type Plan, type Seen, type ServerSide } from "./plan.ts";

/** Observes one side of a stream. Settles when the stream is closed. */
function watch(stream: Http2Stream): { readonly seen: Promise<Seen>; readonly ended: Promise<void> } {
  const hash = createHash("sha256");
  let bytes = 0;
  let trailer: string | undefined;
  let status: number | undefined;
  stream.on("error", () => {});
  stream.on("response", (headers: IncomingHttpHeaders) => {
    status = Number(headers[":status"]);
  });
  stream.on("data", (data: Buffer) => {
    bytes += data.length;
    hash.update(data);
  });
  stream.on("trailers", (headers: IncomingHttpHeaders) => {
    trailer = headers["x-trailer"]?.toString();
  });
  const ended = new Promise<void>((resolve) => stream.once("end", () => resolve()));
  const closed = new Promise<void>((resolve) => {
    stream.once("close", () => resolve());
    // node:http2 keeps a stream open that its peer has reset with NO_ERROR while bytes of its own
    // half wait.
    stream.once("end", () => stream.closed && resolve());
  });
  const seen = closed.then(
    (): Seen => ({ status, bytes, hash: hash.digest("hex"), trailer, code: stream.rstCode === 0 ? undefined : stream.rstCode }),
  );
  return { seen, ended };
}

async function write(
  stream: ClientHttp2Stream | ServerHttp2Stream,
  { reset }: Plan,
  index: number,
  by: "client" | "server",
  sizes: readonly number[],
): Promise<void> {
  const parts = reset?.by === by ? Math.min(reset.parts, sizes.length) : sizes.length;
  let wake = () => {};
  stream.on("drain", () => wake());
  stream.once("close", () => wake());
  for (let place = 0; place < parts; place++) {
    if (stream.destroyed || stream.closed) return;
    if (stream.write(content(sizes[place] ?? 0, index, place))) continue;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  if (stream.destroyed || stream.closed) return;
  if (reset?.by !== by) {
    stream.end();
    return;
  }
  // nghttp2 drops a request that is reset before its HEADERS are sent, so the peer would not see
  // it.
  await new Promise((resolve) => stream.session?.ping(resolve) || resolve(undefined));
  if (!stream.destroyed && !stream.closed) close(stream, reset.code);
}

/**
 * Resets a stream. `close` of node:http2 ends this half first, so the peer may see it as complete.
 * Bytes beyond the window hold END_STREAM back.
 */
function close(stream: ClientHttp2Stream | ServerHttp2Stream, code: number): void {
  stream.write(Buffer.alloc(5 << 20));
  stream.close(code);
}

export function nodeServerSide(server: Http2Server | Http2SecureServer, plans: readonly Plan[]): ServerSide {
  const seen = plans.map(() => Promise.withResolvers<Seen>());
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session: ServerHttp2Session) => {
    sessions.add(session);
    session.on("error", () => {});
  });
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    const index = Number(headers[":path"]?.slice(1));
    const plan = plans[index];
    if (plan === undefined) return stream.close(1);
    const watched = watch(stream);
    void watched.seen.then((it) => seen[index]?.resolve(it));
    const respond = (trailer: string | undefined) => {
      if (stream.destroyed) return;
      stream.respond({ ":status": 200 }, { waitForTrailers: trailer !== undefined });
      stream.once("wantTrailers", () => stream.sendTrailers({ "x-trailer": trailer ?? "" }));
    };
    if (plan.mode === "echo") {
      // node:http2 requires trailers to be announced with the headers. The plan says whether there
      // are any.
      respond(plan.requestTrailer);
      stream.on("data", (data: Buffer) => stream.write(data));
    } else if (plan.mode === "early") {
      respond(plan.responseTrailer);
      void write(stream, plan, index, "server", plan.response);
    }
    void watched.ended.then(() => {
      if (stream.destroyed || stream.closed) return;
      if (plan.mode === "after") {
        respond(plan.responseTrailer);
        void write(stream, plan, index, "server", plan.response);
      } else if (plan.mode === "echo") {
        if (plan.reset?.by === "server") close(stream, plan.reset.code);
        else stream.end();
      }
    });
  });
  return {
    seen: (index) => seen[index]?.promise ?? Promise.reject(new Error(`no plan ${index}`)),
    drain() {
      for (const session of sessions) session.close();
    },
    async close() {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

export function nodeClientSide(session: ClientHttp2Session): ClientSide {
  session.on("error", () => {});
  return {
    async exchange(plan, index) {
      const { request, requestTrailer } = plan;
      const stream = session.request(
        { ":method": "POST", ":path": `/${index}` },
        { endStream: false, waitForTrailers: requestTrailer !== undefined },
      );
      const { seen } = watch(stream);
      stream.once("wantTrailers", () => stream.sendTrailers({ "x-trailer": requestTrailer ?? "" }));
      void write(stream, plan, index, "client", request);
      return seen;
    },
    close: () => session.destroy(),
  };
}
