// Client and server of an exchange on the engine.
import { createHash } from "node:crypto";
import {
  type ClientConnection,
  HeaderList,
  type Server,
  type ServerOptions,
  type Stream,
  type StreamHandler,
  type StreamReset,
} from "../../src/index.ts";
import { type ClientSide, content, type Plan, type Seen, type ServerSide, type Windows } from "./plan.ts";

const ok = HeaderList.response(200);

/** Raises `resetRate`, because these tests reset more streams than an honest peer. */
export const options = ({ initialWindowSize, maxFrameSize }: Windows) => ({
  initialWindowSize,
  limits: { maxFrameSize, resetRate: 100_000, refusedStreamRate: 100_000, windowUpdateRate: 1_000_000, emptyFrameRate: 100_000 },
});

/** One side's view of a stream. */
class Side implements StreamHandler {
  readonly seen: Promise<Seen>;
  protected readonly plan: Plan;
  protected readonly index: number;
  readonly #hash = createHash("sha256");
  #bytes = 0;
  #status: number | undefined;
  #settle: (trailer?: string, code?: number) => void = () => {};
  #wake = () => {};

  constructor(plan: Plan, index: number) {
    this.plan = plan;
    this.index = index;
    this.seen = new Promise((resolve) => {
      this.#settle = (trailer, code) =>
        resolve({ status: this.#status, bytes: this.#bytes, hash: this.#hash.copy().digest("hex"), trailer, code });
    });
  }

  onHeaders({ status }: HeaderList, endStream: boolean, stream: Stream): void {
    this.#status = status;
    if (endStream) this.complete(stream);
  }

  onData(data: Buffer, endStream: boolean, stream: Stream): void {
    this.#bytes += data.length;
    this.#hash.update(data);
    stream.credit(data.length);
    if (endStream) this.complete(stream);
  }

  onTrailers(trailers: HeaderList, stream: Stream): void {
    this.complete(stream, trailers.get("x-trailer"));
  }

  onReset({ code }: StreamReset): void {
    this.#settle(undefined, code);
    this.#wake();
  }

  onDrain(): void {
    this.#wake();
  }

  complete(_stream: Stream, trailer?: string): void {
    this.#settle(trailer);
  }

  /** Writes the parts and ends this half, as fast as there is room. */
  async write(stream: Stream, by: "client" | "server", sizes: readonly number[], trailer: string | undefined): Promise<void> {
    const { reset } = this.plan;
    const parts = reset?.by === by ? Math.min(reset.parts, sizes.length) : sizes.length;
    for (let place = 0; place < parts; place++) {
      const last = place === sizes.length - 1 && trailer === undefined && reset?.by !== by;
      const drained = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (!stream.write(content(sizes[place] ?? 0, this.index, place), last) && !stream.closed && !last) await drained;
      if (last) return;
    }
    if (reset?.by === by) stream.reset(reset.code);
    else if (trailer !== undefined) stream.sendTrailers(HeaderList.trailers([["x-trailer", trailer]]));
    else stream.end();
  }
}

class ServerStream extends Side {
  start(stream: Stream, endStream: boolean): void {
    if (this.plan.mode === "early") this.#respond(stream);
    else if (this.plan.mode === "echo") stream.sendHeaders(ok);
    if (endStream) this.complete(stream);
  }

  override onData(data: Buffer, endStream: boolean, stream: Stream): void {
    if (this.plan.mode === "echo") stream.write(data);
    super.onData(data, endStream, stream);
  }

  override complete(stream: Stream, trailer?: string): void {
    super.complete(stream, trailer);
    const { mode, reset } = this.plan;
    if (mode === "after") this.#respond(stream);
    if (mode !== "echo") return;
    if (reset?.by === "server") stream.reset(reset.code);
    else if (trailer === undefined) stream.end();
    else stream.sendTrailers(HeaderList.trailers([["x-trailer", trailer]]));
  }

  #respond(stream: Stream): void {
    const { response, responseTrailer, reset } = this.plan;
    if (reset === undefined && response.length <= 1) {
      const trailers = responseTrailer === undefined ? undefined : HeaderList.trailers([["x-trailer", responseTrailer]]);
      stream.respond(ok, response[0] === undefined ? undefined : content(response[0], this.index, 0), trailers);
      return;
    }
    stream.sendHeaders(ok);
    void this.write(stream, "server", response, responseTrailer);
  }
}

/** Creates the streams of a server. `onStream` belongs to its options. */
export function engineStreams(plans: readonly Plan[]): Pick<ServerOptions, "onStream"> & Pick<ServerSide, "seen"> {
  const streams = plans.map((plan, index) => new ServerStream(plan, index));
  return {
    onStream(stream, headers, endStream) {
      const own = streams[Number(headers.path?.slice(1))];
      if (own === undefined) throw new Error(`no plan for ${headers.path}`);
      own.start(stream, endStream);
      return own;
    },
    seen: (index) => streams[index]?.seen ?? Promise.reject(new Error(`no plan ${index}`)),
  };
}

export const engineServerSide = (server: Server, streams: Pick<ServerSide, "seen">): ServerSide => ({
  seen: streams.seen,
  drain: () => void server.close(),
  close: async () => server.destroy(),
});

export function engineClientSide(connection: ClientConnection): ClientSide {
  let available: (() => void)[] = [];
  connection.onAvailable = () => {
    const waiting = available;
    available = [];
    for (const resolve of waiting) resolve();
  };
  return {
    async exchange(plan, index) {
      while (connection.availableStreams === 0 && connection.state === "open") {
        await new Promise<void>((resolve) => available.push(resolve));
      }
      const side = new Side(plan, index);
      const headers = HeaderList.request({ method: "POST", scheme: "http", authority: "localhost", path: `/${index}` });
      const { request, requestTrailer, reset } = plan;
      if (reset?.by !== "client" && requestTrailer === undefined && request.length <= 1) {
        connection.request(headers, side, request[0] === undefined ? undefined : content(request[0], index, 0), true);
      } else {
        const stream = connection.request(headers, side);
        void side.write(stream, "client", request, requestTrailer);
      }
      return side.seen;
    },
    close: () => connection.destroy(),
  };
}
