// A foreign server without reflection and without rules in its .proto file: connect-node, with a
// descriptor set of `buf build` and rules in YAML.
import { Greeter } from "@grpc-study/proto/push";
import { buf, protoFolder } from "../harness/paths.ts";
import { run } from "../harness/process.ts";
import { ConnectCode, ConnectError, type ForeignServer, serveConnect } from "../peers/connect-node.ts";
import type { Folder } from "../security/certificates.ts";

export interface Pusher extends ForeignServer {
  /** The number of `flood` responses that the server has produced. */
  flooded(): number;
  /** Resolves once a `wait` call has received its first response. */
  readonly waiting: Promise<void>;
  /** Lets the `wait` calls continue. */
  release(): void;
}

/** The number of `flood` responses, of 64 KiB each. */
export const floodLength = 10_000;

/**
 * Serves Greeter. GetStream sends three responses; the requests `wait`, `flood` and `fail` change
 * that. AllStream responds to each request.
 */
export async function servePusher(): Promise<Pusher> {
  let flooded = 0;
  const waiting = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const server = await serveConnect((router) => {
    router.service(Greeter, {
      async *getStream({ data }) {
        if (data === "flood") {
          const flood = { data: "x".repeat(64 * 1024) };
          for (; flooded < floodLength; flooded++) yield flood;
          return;
        }
        yield { data: `${data} 1` };
        if (data === "wait") {
          waiting.resolve();
          await released.promise;
        }
        yield { data: `${data} 2` };
        if (data === "fail") throw new ConnectError("no more", ConnectCode.DataLoss);
        yield { data: `${data} 3` };
      },
      async putStream(requests) {
        const all = await Array.fromAsync(requests, ({ data }) => data);
        return { data: all.join(" ") };
      },
      async *allStream(requests) {
        for await (const { data } of requests) {
          if (data === "") throw new ConnectError("the request is empty", ConnectCode.InvalidArgument);
          yield { data: `${data}!` };
        }
      },
    });
  });
  return Object.assign(server, { flooded: () => flooded, waiting: waiting.promise, release: released.resolve });
}

const rules = `
http:
  rules:
    - selector: Greeter.GetStream
      get: /v1/streams/{data}
    - selector: Greeter.PutStream
      post: /v1/puts
      body: "*"
    - selector: Greeter.AllStream
      post: /v1/talks
      body: "*"
`;

/** Returns the arguments for a gateway in front of the server. */
export async function describePusher(folder: Folder): Promise<readonly string[]> {
  const descriptors = folder.file("push.binpb");
  const built = await run(buf, ["build", protoFolder, "--path", `${protoFolder}/push`, "--as-file-descriptor-set", "-o", descriptors]);
  if (built.status !== 0) throw new Error(built.stderr);
  return ["--descriptors", descriptors, "--rules", await folder.write("rules.yaml", rules)];
}
