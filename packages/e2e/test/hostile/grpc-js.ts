// The tests that fail with grpc-js as our transport, and why. `slow.test.ts` does not run on
// grpc-js at all: it tests the time limits for handshakes, headers and bodies, which grpc-js does
// not have.
import { beforeEach } from "vitest";
import { transport } from "../harness/transport.ts";

interface Exception {
  /** Matches the names of the tests. */
  readonly names: RegExp;
  readonly reason: string;
}

const exceptions: readonly Exception[] = [
  // Servers.
  {
    names: /^content-type "application\/grpc(x|\+json|-web|-web\+proto|\+)": 415$/,
    reason: "grpc-js accepts every content type that begins with application/grpc",
  },
  { names: /^:method \w+: 405$/, reason: "grpc-js treats every method as POST" },
  {
    names: /^grpc-timeout "(-5S|\+5S|5\.5S|5 S|123456789S|0x5S|5S5S|1S, 2S|٥S|1e3S)": INTERNAL$/,
    reason: "grpc-js finds a timeout anywhere in the value, and ignores a value without one",
  },
  { names: /^a :path of bytes above ASCII/, reason: "grpc-js puts the whole path of an unknown method into the message" },
  { names: /^metadata over 32 KiB/, reason: "grpc-js has no metadata limit; Node's own limit is 64 KiB" },
  {
    names: /: four bytes of a prefix$|: a message shorter than its length$|: a message and one more byte$/,
    reason: "grpc-js does not detect a request that ends in the middle of a message",
  },
  { names: /^unary: a flag of \d+$/, reason: "grpc-js treats every flag except 1 as 0" },
  { names: /^an unknown compression, with an uncompressed message$/, reason: "grpc-js checks the encoding only for compressed messages" },
  { names: /^DATA in frames of one byte/, reason: "grpc-js keeps every frame until the message is complete" },
  { names: /^connections: those over the limit/, reason: "grpc-js has no connection limit" },
  { names: /^a header block that refers to a large entry/, reason: "Node's http2 resets the stream instead of sending a status" },
  { names: /^(SETTINGS|PING): disconnected with ENHANCE_YOUR_CALM$/, reason: "grpc-js has no limit on control frames" },
  { names: /^unfinished messages on 120 streams/, reason: "grpc-js has no limit on the unfinished messages of a connection" },
  // Clients.
  { names: /^a flag of 2: /, reason: "grpc-js treats every flag except 1 as 0" },
  { names: /^compressed, without grpc-encoding: /, reason: "grpc-js ends the call with UNKNOWN" },
];

/** Call once in a test file. On grpc-js, it skips the tests that cannot pass, with the reason. */
export function exceptOnGrpcJs(): void {
  if (transport !== "grpc-js") return;
  beforeEach(({ task, skip }) => {
    const found = exceptions.find(({ names }) => names.test(task.name));
    if (found !== undefined) skip(found.reason);
  });
}
