// Tests that cannot pass with grpc-js on our side, with the reasons. `slow.test.ts` does not run on
// grpc-js at all, since grpc-js has no time limits for handshakes, headers and bodies.
import { beforeEach } from "vitest";
import { transport } from "../harness/transport.ts";

interface Exception {
  /** The titles of the tests. */
  readonly names: RegExp;
  readonly reason: string;
}

const exceptions: readonly Exception[] = [
  // Servers.
  {
    names: /^content-type "application\/grpc(x|\+json|-web|-web\+proto|\+)": 415$/,
    reason: "grpc-js takes every content type that begins with application/grpc",
  },
  { names: /^:method \w+: 405$/, reason: "grpc-js takes every method for POST" },
  {
    names: /^grpc-timeout "(-5S|\+5S|5\.5S|5 S|123456789S|0x5S|5S5S|1S, 2S|٥S|1e3S)": INTERNAL$/,
    reason: "grpc-js looks for a timeout anywhere in the field, and ignores a field without one",
  },
  { names: /^a :path of bytes above ASCII/, reason: "grpc-js repeats the whole path of an unknown method" },
  { names: /^metadata over 32 KiB/, reason: "grpc-js has no limit for metadata; Node's own is 64 KiB" },
  {
    names: /: a message of which four bytes of prefix came$|: a message that ends before its length$|: a message, and a byte$/,
    reason: "grpc-js does not notice that a request ends in the middle of a message",
  },
  { names: /^unary: a flag of \d+$/, reason: "grpc-js takes every flag but 1 for 0" },
  { names: /^an unknown compression, and a message without$/, reason: "grpc-js looks at the encoding of a compressed message only" },
  { names: /^DATA in frames of one byte/, reason: "grpc-js keeps each frame until the message is whole" },
  { names: /^connections: those over the limit/, reason: "grpc-js has no limit for connections" },
  { names: /^a header block that refers to a large entry/, reason: "Node's http2 resets the stream instead of refusing it" },
  { names: /^(SETTINGS|PING): disconnected with ENHANCE_YOUR_CALM$/, reason: "grpc-js has no limit for control frames" },
  { names: /^unfinished messages on 120 streams/, reason: "grpc-js has no limit for what a connection holds of unfinished messages" },
  // Clients.
  { names: /^a flag of 2: /, reason: "grpc-js takes every flag but 1 for 0" },
  { names: /^compressed, and no word of compression: /, reason: "grpc-js ends it with UNKNOWN" },
];

/** Call it once per file. On grpc-js, it skips the tests that cannot pass, with the reason. */
export function exceptOnGrpcJs(): void {
  if (transport !== "grpc-js") return;
  beforeEach(({ task, skip }) => {
    const found = exceptions.find(({ names }) => names.test(task.name));
    if (found !== undefined) skip(found.reason);
  });
}
