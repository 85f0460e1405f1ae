// Calls that handlers and their providers make inherit deadline, cancellation and metadata of the call that runs.
import "reflect-metadata";
import { type Client, type Context, createClient, createServer, implement } from "@grpc-study/rpc";
import { currentCall } from "@grpc-study/rpc/current-call";
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from "@nestjs/common";
import { GrpcMethod, GrpcStreamMethod } from "@nestjs/microservices";
import { defer, map, mergeMap, type Observable } from "rxjs";
import { describe, expect, onTestFinished, test } from "vitest";
import { type GetRequest, type ListRequest, type Note, NoteService } from "../example/gen/notes/v1/notes_pb.js";
import { GrpcClientModule, GrpcStrategy, Implement, InjectClient } from "../src/index.ts";
import { startApp } from "./start.ts";

@Injectable()
class Upstream {
  constructor(@InjectClient(NoteService) private readonly client: Client<typeof NoteService>) {}

  /** Asks the upstream, without any option, what it knows of the call. */
  async ask(id: number): Promise<{ id: number; text: string }> {
    const { text } = await this.client.get({ id });
    return { id, text: `${currentCall()?.method.name} ${text}` };
  }
}

class Passing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value) => value));
  }
}

@Controller()
@Implement(NoteService)
class PlainHandlers {
  constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

  get({ id }: GetRequest) {
    return this.upstream.ask(id);
  }

  async *list(_request: ListRequest) {
    yield await this.upstream.ask(1);
    yield await this.upstream.ask(2);
  }

  async import(notes: AsyncIterable<Note>) {
    let texts = 0;
    for await (const { id } of notes) texts += (await this.upstream.ask(id)).text === "Import /inherited" ? 1 : 0;
    return { count: texts };
  }

  async *chat(notes: AsyncIterable<Note>) {
    for await (const { id } of notes) yield await this.upstream.ask(id);
  }
}

@UseInterceptors(Passing)
@Controller()
class InterceptedHandlers extends PlainHandlers {}
Implement(NoteService)(InterceptedHandlers);

@UseInterceptors(Passing)
@Controller()
class ObservableHandlers {
  constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

  @GrpcMethod("NoteService", "Get")
  get({ id }: GetRequest) {
    return defer(() => this.upstream.ask(id));
  }

  @GrpcMethod("NoteService", "List")
  list() {
    return defer(async () => [await this.upstream.ask(1), await this.upstream.ask(2)]).pipe(mergeMap((notes) => notes));
  }

  @GrpcStreamMethod("NoteService", "Import")
  import(notes: Observable<Note>) {
    return notes.pipe(
      mergeMap(({ id }) => this.upstream.ask(id)),
      map(({ text }) => ({ count: text === "Import /inherited" ? 1 : 0 })),
    );
  }

  @GrpcStreamMethod("NoteService", "Chat")
  chat(notes: Observable<Note>) {
    return notes.pipe(mergeMap(({ id }) => this.upstream.ask(id)));
  }
}

/** A server that says whether the call has a deadline and the request id of the front. */
async function startUpstream(aborted: string[] = []): Promise<string> {
  const server = createServer();
  onTestFinished(async () => void (await server.shutdown({ graceMs: 0 })));
  server.add(
    implement(NoteService, {
      async get({ id }, { deadline, metadata, signal }: Context) {
        if (id === 404) {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          aborted.push(String(signal.reason));
        }
        return { text: deadline !== undefined && metadata.get("x-request-id") === "r1" ? "/inherited" : "/nothing" };
      },
    }),
  );
  return (await server.listen("127.0.0.1:0")).address;
}

async function start(controller: new (...args: never[]) => object, upstream: string): Promise<Client<typeof NoteService>> {
  const strategy = new GrpcStrategy({ services: [NoteService], address: "127.0.0.1:0" });
  const imports = [GrpcClientModule.register(NoteService, upstream, { pool: false })];
  await startApp({ imports, controllers: [controller], providers: [Upstream] }, { strategy });
  const client = createClient(NoteService, strategy.addresses[0]?.address ?? "");
  onTestFinished(() => client[Symbol.dispose]());
  return client;
}

const options = { timeoutMs: 20_000, metadata: { "x-request-id": "r1" } };

const controllers = {
  "handlers of @Implement": PlainHandlers,
  "handlers of @Implement with an interceptor": InterceptedHandlers,
  "handlers with Observables": ObservableHandlers,
};

describe.each(Object.entries(controllers))("%s", (_name, controller) => {
  test("pass deadline and metadata on in all kinds of calls", async () => {
    const client = await start(controller, await startUpstream());
    expect((await client.get({ id: 1 }, options)).text).toBe("Get /inherited");
    const texts: string[] = [];
    for await (const { text } of client.list({}, options)) texts.push(text);
    for await (const { text } of client.chat([{ id: 1 }], options)) texts.push(text);
    expect(texts).toEqual(["List /inherited", "List /inherited", "Chat /inherited"]);
    expect((await client.import([{ id: 1 }], options)).count).toBe(1);
  });

  test("pass cancellation on", async () => {
    const aborted: string[] = [];
    const client = await start(controller, await startUpstream(aborted));
    const cancel = new AbortController();
    const call = client.get({ id: 404 }, { ...options, signal: cancel.signal });
    call.catch(() => {});
    setTimeout(() => cancel.abort(), 100);
    await expect(call).rejects.toThrow(/cancel/);
    await expect.poll(() => aborted).toEqual([expect.stringContaining("CANCELLED")]);
  });
});
