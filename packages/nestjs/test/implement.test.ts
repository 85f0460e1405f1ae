// Controllers with @Implement: all kinds of calls, and the guards, pipes, filters and interceptors of Nest.
import "reflect-metadata";
import { setTimeout } from "node:timers/promises";
import { type Client, Code, type Context, createClient, createServer, type RpcError } from "@grpc-study/rpc";
import {
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from "@nestjs/common";
import { REQUEST, Reflector } from "@nestjs/core";
import { Ctx, Payload, RpcException } from "@nestjs/microservices";
import { EMPTY, finalize, map, NEVER, type Observable, of, tap, throwError } from "rxjs";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type GetRequest, type ListRequest, type Note, NoteService } from "../example/gen/notes/v1/notes_pb.js";
import { GrpcExceptionFilter, GrpcStrategy, Implement } from "../src/index.ts";
import { startApp, transports } from "./start.ts";

let events: string[] = [];
beforeEach(() => {
  events = [];
});

@Controller()
@Implement(NoteService)
class NoteController {
  async get({ id }: GetRequest, context: Context) {
    if (id === 404) throw new RpcException({ code: Code.NOT_FOUND, message: "no such note" });
    if (id === 0) await aborted(context);
    context.trailer.set("x-id", String(id));
    return { id, text: context.metadata.get("x-text") ?? "" };
  }

  async *list({ limit }: ListRequest, { signal }: Context) {
    try {
      for (let id = 1; limit === 0 || id <= limit; id++) {
        events.push(`yield ${id}`);
        yield { id, text: "x".repeat(1000) };
        if (limit === 0) await setTimeout(1, undefined, { signal });
      }
    } finally {
      events.push("returned");
    }
  }

  async import(notes: AsyncIterable<Note>, { signal }: Context) {
    let count = 0;
    try {
      for await (const _note of notes) {
        count++;
        events.push(`note ${count}`);
      }
    } catch (error) {
      events.push(`import: ${error === signal.reason} ${String(error)}`);
      throw error;
    }
    return { count };
  }

  async *chat(notes: AsyncIterable<Note>) {
    for await (const { id, text } of notes) {
      if (text === "bye") return;
      if (text === "error") throw new RpcException({ code: Code.ABORTED, message: "as you wish" });
      yield { id, text: `${text}!` };
    }
  }
}

/** Resolves when the call has ended. */
async function aborted({ signal, deadline }: Context): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
  events.push(`aborted ${deadline === undefined ? "without" : "with"} a deadline: ${String(signal.reason)}`);
}

type Transport = keyof typeof transports;

async function start(controller: new (...args: never[]) => object, transport: Transport = "HTTP/2"): Promise<Client<typeof NoteService>> {
  const { strategy, target } = transports[transport]();
  await startApp({ controllers: [controller] }, { strategy }, (app) => app.useGlobalFilters(new GrpcExceptionFilter()));
  const client = createClient(NoteService, target());
  onTestFinished(() => client[Symbol.dispose]());
  return client;
}

const ids = async (notes: AsyncIterable<Note>) => {
  const seen: number[] = [];
  for await (const { id } of notes) seen.push(id);
  return seen;
};

const failure = (call: PromiseLike<unknown>) =>
  call.then(
    () => "OK",
    (error: RpcError) => String(error),
  );

describe.each(Object.keys(transports) as Transport[])("over %s", (transport) => {
  test("a unary call has its request, metadata and trailer", async () => {
    const client = await start(NoteController, transport);
    let trailer: string | undefined;
    const onTrailer = (metadata: { get(key: "x-id"): string | undefined }) => {
      trailer = metadata.get("x-id");
    };
    expect(await client.get({ id: 7 }, { metadata: { "x-text": "seven" }, onTrailer })).toMatchObject({ id: 7, text: "seven" });
    expect(trailer).toBe("7");
    expect(await failure(client.get({ id: 404 }))).toBe("NOT_FOUND: no such note");
  });

  test("a server streaming handler is a generator", async () => {
    const client = await start(NoteController, transport);
    expect(await ids(client.list({ limit: 3 }))).toEqual([1, 2, 3]);
    expect(events).toEqual(["yield 1", "yield 2", "yield 3", "returned"]);
  });

  test("a client streaming handler iterates the requests", async () => {
    const client = await start(NoteController, transport);
    expect((await client.import([{ id: 1 }, { id: 2 }])).count).toBe(2);
    expect((await client.import([])).count).toBe(0);
  });

  test("a bidirectional handler answers request by request, and may end or fail", async () => {
    const client = await start(NoteController, transport);
    for (const [last, expected] of [
      ["bye", "OK"],
      ["error", "ABORTED: as you wish"],
    ] as const) {
      const chat = client.chat();
      await chat.send({ id: 1, text: "a" });
      expect((await chat.recv())?.text).toBe("a!");
      await chat.send({ text: last });
      expect(await failure(chat.recv().then((reply) => expect(reply).toBeUndefined()))).toBe(expected);
    }
  });

  test("a deadline aborts the signal of a unary handler", async () => {
    const client = await start(NoteController, transport);
    // So that the handler has the whole time.
    await client.get({ id: 1 });
    expect(await failure(client.get({ id: 0 }, { timeoutMs: 500 }))).toContain("DEADLINE_EXCEEDED");
    // The caller cancels at its own deadline, which may reach the server before its timer ends.
    await expect.poll(() => events).toEqual([expect.stringMatching(/^aborted with a deadline: (DEADLINE_EXCEEDED|CANCELLED)/)]);
  });

  test("a caller that leaves a stream ends its generator", async () => {
    const client = await start(NoteController, transport);
    for await (const _note of client.list({ limit: 0 })) break;
    await expect.poll(() => events.at(-1)).toBe("returned");
  });

  test("a cancelled upload fails the requests, and is not their end", async () => {
    const client = await start(NoteController, transport);
    const cancel = new AbortController();
    const upload = client.import({ signal: cancel.signal });
    await upload.send({ id: 1 });
    await expect.poll(() => events).toEqual(["note 1"]);
    cancel.abort();
    await expect.poll(() => events.at(-1)).toMatch(/^import: true CANCELLED/);
  });

  test("a caller that does not read pauses the generator", async () => {
    const client = await start(NoteController, transport);
    const list = client.list({ limit: 100_000 });
    const iterator = list[Symbol.asyncIterator]();
    await iterator.next();
    // Until nothing moves any more.
    let before = -1;
    while (before !== events.length) {
      before = events.length;
      await setTimeout(100);
    }
    expect(events.length).toBeLessThan(10_000);
    await iterator.return?.();
    await expect.poll(() => events.at(-1)).toBe("returned");
  });
});

@Injectable()
class Roles implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const role = this.reflector.get<string>("role", context.getHandler());
    const { metadata } = context.switchToRpc().getContext<Context>();
    events.push(`guard ${context.getType()} ${context.getClass().name}`);
    return metadata.get("x-role") === role;
  }
}

@Injectable()
class Doubled implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      tap({ next: () => events.push("value"), complete: () => events.push("complete") }),
      map((value) => ({ ...(value as Note), id: (value as Note).id * 2 })),
    );
  }
}

class Limited implements PipeTransform {
  transform(value: unknown): unknown {
    if (typeof value !== "object" || value === null || !("limit" in value)) return value;
    if ((value as ListRequest).limit > 10) throw new RpcException({ code: Code.INVALID_ARGUMENT, message: "limit must be at most 10" });
    return value;
  }
}

class DomainError extends Error {}

@Catch(DomainError)
class DomainFilter {
  catch(error: DomainError): Observable<never> {
    return throwError(() => new RpcException({ code: Code.FAILED_PRECONDITION, message: `domain: ${error.message}` }).getError());
  }
}

const Caller = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  context.switchToRpc().getContext<Context>().metadata.get("x-caller"),
);

@Controller()
@Implement(NoteService)
@UseInterceptors(Doubled)
@UseFilters(DomainFilter)
class DecoratedController {
  @UseGuards(Roles)
  @SetMetadata("role", "writer")
  get(@Payload() { id }: GetRequest, @Caller() caller: string, @Ctx() { deadline }: Context): Observable<{ id: number; text: string }> {
    return of({ id, text: `${caller} ${deadline === undefined}` }, { id: 0, text: "later" });
  }

  @UsePipes(Limited)
  *list({ limit }: ListRequest) {
    for (let id = 1; id <= limit; id++) {
      if (id === 4) throw new DomainError("four");
      yield { id };
    }
  }

  async import(notes: AsyncIterable<Note>): Promise<{ count: number }> {
    for await (const { text } of notes) throw new DomainError(text);
    return { count: 0 };
  }

  // Calls a handler of the same controller.
  async chat() {
    const [first] = this.list({ limit: 1 } as ListRequest);
    return this.after(first?.id ?? 0);
  }

  private async *after(first: number) {
    yield { id: first };
    for (const { id } of this.list({ limit: 3 } as ListRequest)) if (id > first) yield { id };
  }
}

describe("Nest's", () => {
  test("guards see the metadata of the method, and the context of the call", async () => {
    const client = await start(DecoratedController);
    expect(await failure(client.get({}, { metadata: { "x-role": "reader" } }))).toBe("PERMISSION_DENIED: Forbidden resource");
    expect(events).toEqual(["guard rpc DecoratedController"]);
  });

  test("parameter decorators choose the parameters", async () => {
    const client = await start(DecoratedController);
    const note = await client.get({ id: 3 }, { metadata: { "x-role": "writer", "x-caller": "Ann" } });
    expect(note).toMatchObject({ id: 6, text: "Ann true" });
  });

  test("interceptors see each response of a generator", async () => {
    const client = await start(DecoratedController);
    expect(await ids(client.list({ limit: 3 }))).toEqual([2, 4, 6]);
    expect(events).toEqual(["value", "value", "value", "complete"]);
  });

  test("pipes see the request", async () => {
    const client = await start(DecoratedController);
    expect(await failure(ids(client.list({ limit: 11 })))).toBe("INVALID_ARGUMENT: limit must be at most 10");
  });

  test("filters catch what handlers and generators throw, after the responses before it", async () => {
    const client = await start(DecoratedController);
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { id } of client.list({ limit: 5 })) seen.push(id);
    })();
    expect(await failure(reading)).toBe("FAILED_PRECONDITION: domain: four");
    expect(seen).toEqual([2, 4, 6]);
    expect(await failure(client.import([{ text: "first" }]))).toBe("FAILED_PRECONDITION: domain: first");
  });

  test("controllers call their own methods, which return what they declare", async () => {
    const client = await start(DecoratedController);
    expect(await ids(client.chat([]))).toEqual([2, 4, 6]);
    expect(events).toEqual(["value", "value", "value", "complete"]);
  });

  test("request-scoped controllers exist once for each call, with the call as their REQUEST", async () => {
    @Controller({ scope: Scope.REQUEST })
    @Implement(NoteService)
    class ScopedController {
      #count = 0;

      constructor(@Inject(REQUEST) private readonly request: { getContext(): Context; getData(): GetRequest }) {}

      get({ id }: GetRequest) {
        const { metadata } = this.request.getContext();
        return { id: this.request.getData().id + id, text: `${metadata.get("x-caller")} ${++this.#count}` };
      }

      *list() {
        yield { id: ++this.#count };
      }
    }
    const client = await start(ScopedController);
    for (const caller of ["Ann", "Bob"]) {
      expect(await client.get({ id: 2 }, { metadata: { "x-caller": caller } })).toMatchObject({ id: 4, text: `${caller} 1` });
      expect(await ids(client.list({}))).toEqual([1]);
    }
  });
});

test("a caller that leaves unsubscribes the Observable of a response", async () => {
  @Controller()
  @Implement(NoteService)
  class WaitingController {
    get(): Observable<{ id: number }> {
      events.push("called");
      return NEVER.pipe(finalize(() => events.push("unsubscribed")));
    }

    async import(notes: AsyncIterable<Note>): Promise<Observable<{ count: number }>> {
      for await (const _note of notes);
      return this.get().pipe(map(({ id }) => ({ count: id })));
    }
  }
  const client = await start(WaitingController);
  for (const call of [(signal: AbortSignal) => client.get({}, { signal }), (signal: AbortSignal) => client.import([], { signal })]) {
    events = [];
    const cancel = new AbortController();
    const failed = failure(call(cancel.signal));
    await expect.poll(() => events).toEqual(["called"]);
    cancel.abort();
    expect(await failed).toContain("CANCELLED");
    await expect.poll(() => events).toEqual(["called", "unsubscribed"]);
  }
});

test("an Observable without a value is not a response", async () => {
  @Controller()
  @Implement(NoteService)
  class EmptyController {
    get(): Observable<{ id: number }> {
      return EMPTY;
    }
  }
  const reported: unknown[] = [];
  const server = createServer({ onError: (error) => reported.push(error) });
  await startApp({ controllers: [EmptyController] }, { strategy: new GrpcStrategy({ services: [NoteService], server }) });
  const failed = await failure(createClient(NoteService, server.channel()).get({}));
  expect(failed).toMatch(/^INTERNAL: the handler of \/notes\.v1\.NoteService\/Get/);
  expect(reported).toHaveLength(1);
});

test("a handler in a unit test is the method of the class", async () => {
  const controller = new NoteController();
  const { value } = await controller.list({ limit: 1 } as ListRequest, { signal: new AbortController().signal } as Context).next();
  expect(value).toMatchObject({ id: 1 });
});

test("a method without a handler is UNIMPLEMENTED", async () => {
  @Controller()
  @Implement(NoteService)
  class PartialController {
    get() {
      return {};
    }
  }
  const client = await start(PartialController);
  expect(await failure(client.import([]))).toContain("UNIMPLEMENTED");
});

test("@Implement rejects what is not a service, and a class without its methods", () => {
  expect(() => Implement(undefined as never)).toThrow("@Implement() takes the descriptor of a service");
  class Empty {}
  expect(() => Implement(NoteService)(Empty as never)).toThrow("Empty has no method of notes.v1.NoteService");
});

test("the compiler checks the types of the handlers", () => {
  // @ts-expect-error The request is not a Note.
  @Implement(NoteService)
  class WrongRequest {
    get(_request: Note & { extra: string }) {
      return {};
    }
  }
  // @ts-expect-error The response has another type.
  @Implement(NoteService)
  class WrongResponse {
    get() {
      return { id: "1" };
    }
  }
  // @ts-expect-error The method streams responses.
  @Implement(NoteService)
  class NoStream {
    list() {
      return { id: 1 };
    }
  }
  // @ts-expect-error A response has an unknown field beside a known one.
  @Implement(NoteService)
  class UnknownField {
    get() {
      return { id: 1, texts: "" };
    }
  }
  // @ts-expect-error So does one in a promise of an Observable.
  @Implement(NoteService)
  class UnknownFieldLater {
    async get() {
      return of({ id: 1, texts: "" });
    }
  }
  // @ts-expect-error So does one of a stream.
  @Implement(NoteService)
  class UnknownFieldInStream {
    async *list() {
      yield { id: 1, texts: "" };
    }
  }
  // All of this is right.
  @Implement(NoteService)
  class Right {
    readonly more = 1;
    get(@Payload() { id }: GetRequest, @Ctx() _context: Context): Observable<{ id: number }> | Promise<Note> {
      return of({ id });
    }
    *list({ limit }: ListRequest) {
      if (limit > 0) yield { id: limit };
      else yield { text: "none" };
    }
    async import(_notes: AsyncIterable<Note>) {
      return {};
    }
    chat(_notes: AsyncIterable<Note>): Note[] {
      return [];
    }
    other() {
      return { anything: 1 };
    }
  }
  expect([WrongRequest, WrongResponse, NoStream, UnknownField, UnknownFieldLater, UnknownFieldInStream, Right]).toHaveLength(7);
});
