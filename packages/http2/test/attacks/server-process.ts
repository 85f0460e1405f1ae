// Runs in a process: the server under attack, which reports its condition on request. Its argument
// is its options as JSON.
import { createServer, ErrorCode, HeaderList, type Stream, type StreamHandler } from "../../src/index.ts";
import { Echo } from "../echo.ts";
import { condition } from "./condition.ts";

const ok = HeaderList.response(200);
const part = Buffer.alloc(16_384, "x");

/** Responds with the number of bytes in the path, as fast as the client reads. */
class Source implements StreamHandler {
  readonly #stream: Stream;
  #left: number;
  constructor(stream: Stream, bytes: number) {
    this.#stream = stream;
    this.#left = bytes;
    stream.sendHeaders(ok);
    this.onDrain();
  }
  onDrain(): void {
    while (this.#left > 0) {
      this.#left -= part.length;
      if (!this.#stream.write(part, this.#left <= 0)) return;
    }
  }
}

/** Keeps every byte, like an incomplete message, and credits none. */
class Hold implements StreamHandler {
  readonly parts: Buffer[] = [];
  onData(data: Buffer): void {
    this.parts.push(data);
  }
}

let calmed = 0;
const server = createServer({
  ...JSON.parse(process.argv[2] ?? "{}"),
  onConnection(connection) {
    connection.onClose = ({ code }) => {
      if (code === ErrorCode.ENHANCE_YOUR_CALM) calmed++;
    };
  },
  onStream(stream, { path = "" }, endStream) {
    if (path.startsWith("/source/")) return new Source(stream, Number(path.slice("/source/".length)));
    if (path === "/hold") return new Hold();
    if (endStream) stream.respond(ok, part.subarray(0, 5));
    return new Echo(stream);
  },
});
const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
console.log(port);

process.on("message", () => {
  let streams = 0;
  for (const connection of server.connections) streams += connection.openStreams;
  process.send?.(condition(server.connections.size, streams, calmed));
});
