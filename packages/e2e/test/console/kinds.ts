// A server with all call kinds, from descriptors alone, and a gateway with the console in front of it.
import { spawnSync } from "node:child_process";
import type { DescService } from "@bufbuild/protobuf";
import { createGateway, type Descriptors, type GatewayServerOptions, readDescriptors } from "@grpc-study/gateway";
import { Code, type Context, codeFrom, createServer, detail, implement, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema } from "@grpc-study/rpc/error-details";
import { buf, packagesFolder } from "../harness/paths.ts";

export interface Note {
  readonly text: string;
  readonly count: number;
  readonly delayMs: number;
  readonly code: number;
  readonly answers: number;
}

let descriptors: Descriptors | undefined;

/** The service of kinds.proto, with its comments. */
export function kindsDescriptors(): Descriptors {
  if (descriptors !== undefined) return descriptors;
  const config = JSON.stringify({ version: "v2", modules: [{ path: "gateway/third_party" }, { path: "e2e/test/console/proto" }] });
  const args = [
    buf,
    "build",
    packagesFolder,
    "--config",
    config,
    "--path",
    `${packagesFolder}/e2e/test/console/proto/kinds.proto`,
    "-o",
    "-",
  ];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`buf build: ${stderr}`);
  descriptors = readDescriptors(stdout);
  return descriptors;
}

/** What the handlers have seen. */
export class Seen {
  /** The metadata of each call. */
  readonly metadata: (readonly [string, unknown])[][] = [];
  /** The calls that were cancelled, by method. */
  readonly cancelled: string[] = [];
  /** Milliseconds until the deadline of each call, as it arrived. */
  readonly deadlines: number[] = [];
}

export interface Kinds extends AsyncDisposable {
  readonly url: string;
  readonly seen: Seen;
  /** Ends the server: its connections break. */
  kill(): Promise<void>;
  /** Starts it again at the same address. */
  revive(): Promise<void>;
}

/** Fails as a note says, with details. */
function failing({ code, text }: Note): void {
  if (code === 0) return;
  const fieldViolations = [{ field: "text", description: `bad ${text}` }];
  throw new RpcError(codeFrom(code), `failed: ${text}`, { details: [detail(BadRequestSchema, { fieldViolations })] });
}

function implementation(service: DescService, seen: Seen) {
  const see = (name: string, context: Context) => {
    seen.metadata.push([...context.metadata.keys()].map((key) => [key, context.metadata.getAll(key)]));
    context.header.set("x-method", name);
    context.trailer.set("x-cost", "7");
    context.signal.addEventListener("abort", () => {
      if ((context.signal.reason as RpcError).code === Code.CANCELLED) seen.cancelled.push(name);
    });
  };
  const pause = (ms: number, { signal }: Context) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  return implement(service, {
    echo: (request: unknown) => request,
    async say(note: Note, context: Context) {
      see("Say", context);
      failing(note);
      if (note.delayMs > 0) await pause(note.delayMs, context);
      return { ...note, text: `said ${note.text}` };
    },
    async *repeat(note: Note, context: Context) {
      see("Repeat", context);
      for (let count = 1; count <= note.count && !context.signal.aborted; count++) {
        yield { text: `${note.text} ${count}`, count };
        if (note.delayMs > 0) await pause(note.delayMs, context);
      }
      context.signal.throwIfAborted();
      failing(note);
    },
    async join(notes: AsyncIterable<Note>, context: Context) {
      see("Join", context);
      const all = await Array.fromAsync(notes);
      for (const note of all) failing(note);
      return { text: all.map(({ text }) => text).join(" "), count: all.length };
    },
    async *talk(notes: AsyncIterable<Note>, context: Context) {
      see("Talk", context);
      for await (const note of notes) {
        failing(note);
        for (let left = Math.max(1, note.answers); left > 0; left--) yield { text: `heard ${note.text}`, count: note.count };
      }
    },
    async *measure({ count, delayMs }: Note, context: Context) {
      see("Measure", context);
      // Fixed numbers, so that tests know the mean.
      for (let at = 0; at < count && !context.signal.aborted; at++) {
        const value = (at % 100) - 50;
        yield {
          position: 2n ** 53n + BigInt(at),
          time: { seconds: 1_800_000_000n + BigInt(at), nanos: 0 },
          value,
          note: { count: at },
          values: [value, -value],
          parts: { left: { value: at } },
        };
        if (delayMs > 0) await pause(delayMs, context);
      }
    },
    nothing: () => ({}),
    // The types of these handlers are only known at run time.
  } as never);
}

/** Starts both. */
export async function startKinds(options: Partial<GatewayServerOptions> = {}): Promise<Kinds> {
  const { services, registry } = kindsDescriptors();
  const [service] = services;
  if (service === undefined) throw new Error("kinds.proto has no service");
  const seen = new Seen();
  const serve = async (address: string) => {
    const server = createServer({ onError: () => {}, reflection: true });
    server.add(implementation(service, seen));
    const listening = await server.listen(address);
    return { server, address: listening.address };
  };
  let upstream = await serve("127.0.0.1:0");
  const gateway = createGateway({ services, registry, upstream: upstream.address, openApi: { title: "Kinds" }, graceMs: 0, ...options });
  const { url } = await gateway.listen("127.0.0.1:0");
  const kill = async () => void (await upstream.server.shutdown({ graceMs: 0, abortMs: 0 }));
  return {
    url,
    seen,
    kill,
    async revive() {
      upstream = await serve(upstream.address);
    },
    async [Symbol.asyncDispose]() {
      await gateway.close();
      await kill();
    },
  };
}
