// Whole applications: clients, shutdown, hybrid applications, and wrong options.
import "reflect-metadata";
import { type Client, type Context, createClient, createServer, implement } from "@grpc-study/rpc";
import { Controller, Get, Inject, Injectable, Module, type OnApplicationShutdown } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { MicroserviceOptions } from "@nestjs/microservices";
import { Test } from "@nestjs/testing";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type GetRequest, type ListRequest, NoteService } from "../example/gen/notes/v1/notes_pb.js";
import { clientToken, GrpcClientModule, GrpcExceptionFilter, GrpcStrategy, Implement, InjectClient } from "../src/index.ts";
import { freePort } from "./free-port.ts";
import { startApp } from "./start.ts";

const upstream = (name = "upstream") => {
  const server = createServer();
  onTestFinished(async () => void (await server.shutdown({ graceMs: 0 })));
  server.add(implement(NoteService, { get: ({ id }) => ({ id, text: `from ${name}` }) }));
  return server;
};

@Injectable()
class Notes {
  constructor(@InjectClient(NoteService) readonly client: Client<typeof NoteService>) {}
}

@Controller()
@Implement(NoteService)
class FrontController {
  constructor(@Inject(Notes) private readonly notes: Notes) {}

  async get({ id }: GetRequest, { signal }: Context) {
    return await this.notes.client.get({ id }, { signal });
  }
}

describe("a client", () => {
  test("is injected by its service, with the target of register()", async () => {
    const { address } = await upstreamAddress();
    const strategy = new GrpcStrategy({ services: [NoteService] });
    const imports = [GrpcClientModule.register(NoteService, address, { pool: false })];
    await startApp({ imports, controllers: [FrontController], providers: [Notes] }, { strategy });
    using client = createClient(NoteService, strategy.server.channel());
    expect(await client.get({ id: 3 })).toMatchObject({ id: 3, text: "from upstream" });
  });

  test("has the target and the options that other providers give", async () => {
    const server = upstream();
    @Module({ providers: [{ provide: "TARGET", useValue: server.channel() }], exports: ["TARGET"] })
    class Config {}
    const intercepted: string[] = [];
    const module = await Test.createTestingModule({
      imports: [
        GrpcClientModule.registerAsync(NoteService, {
          imports: [Config],
          inject: ["TARGET"],
          useFactory: async (target: ReturnType<typeof server.channel>) => ({
            target,
            interceptors: [
              (call, next) => {
                intercepted.push(call.method.name);
                return next();
              },
            ],
          }),
        }),
      ],
      providers: [Notes],
    }).compile();
    expect((await module.get(Notes).client.get({ id: 1 })).text).toBe("from upstream");
    expect(intercepted).toEqual(["Get"]);
    await module.close();
  });

  test("has a name if there are several of its service", async () => {
    const [eu, us] = [upstream("eu"), upstream("us")];
    @Injectable()
    class Both {
      constructor(
        @InjectClient(NoteService, "eu") readonly eu: Client<typeof NoteService>,
        @InjectClient(NoteService, "us") readonly us: Client<typeof NoteService>,
      ) {}
    }
    const module = await Test.createTestingModule({
      imports: [
        GrpcClientModule.register(NoteService, eu.channel(), { name: "eu" }),
        GrpcClientModule.registerAsync(NoteService, { name: "us", useFactory: () => ({ target: us.channel() }) }),
      ],
      providers: [Both],
    }).compile();
    const both = module.get(Both);
    expect([(await both.eu.get({})).text, (await both.us.get({})).text]).toEqual(["from eu", "from us"]);
    expect(() => clientToken(NoteService, 5 as never)).toThrow("the name of a client must be a string");
    await module.close();
  });

  test("is closed after the application has shut down, and not before", async () => {
    const { address } = await upstreamAddress();
    const seen: string[] = [];
    @Injectable()
    class Last implements OnApplicationShutdown {
      constructor(@InjectClient(NoteService) readonly client: Client<typeof NoteService>) {}

      async beforeApplicationShutdown() {
        seen.push((await this.client.get({ id: 1 })).text);
      }

      onApplicationShutdown() {}
    }
    const module = await Test.createTestingModule({
      imports: [GrpcClientModule.register(NoteService, address)],
      providers: [Last],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    await app.init();
    const { client } = module.get(Last);
    await app.close();
    expect(seen).toEqual(["from upstream"]);
    await expect(client.get({ id: 1 })).rejects.toThrow(/closed/);
  });

  test("can be replaced in a test", async () => {
    const replacement = { get: async () => ({ id: 9, text: "replaced" }) };
    const module = await Test.createTestingModule({ imports: [GrpcClientModule.register(NoteService, "127.0.0.1:1")], providers: [Notes] })
      .overrideProvider(clientToken(NoteService))
      .useValue(replacement)
      .compile();
    expect((await module.get(Notes).client.get({})).text).toBe("replaced");
    await module.close();
  });

  test("with a wrong target or option fails at the start", async () => {
    const compile = (target: string, options: object) =>
      Test.createTestingModule({ imports: [GrpcClientModule.register(NoteService, target, options)] }).compile();
    await expect(compile("http://localhost", {})).rejects.toThrow(TypeError);
    await expect(compile("localhost:1", { retires: {} })).rejects.toThrow(/has no option "retires"/);
    expect(() => InjectClient({} as never)).toThrow("the descriptor of a service");
  });
});

async function upstreamAddress() {
  return upstream().listen("127.0.0.1:0");
}

@Controller()
@Implement(NoteService)
class SlowController {
  static started: () => void = () => {};
  static readonly events: string[] = [];

  async get() {
    SlowController.started();
    await new Promise((resolve) => setTimeout(resolve, 200));
    SlowController.events.push("responded");
    return { text: "late" };
  }

  async *list(_request: ListRequest, { signal }: Context) {
    yield { id: 1 };
    SlowController.started();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    SlowController.events.push("aborted");
  }

  onApplicationShutdown() {
    SlowController.events.push("shutdown hook");
  }
}

describe("app.close()", () => {
  const start = async (graceMs: number) => {
    SlowController.events.length = 0;
    const strategy = new GrpcStrategy({ services: [NoteService], address: "127.0.0.1:0", graceMs });
    const app = await startApp({ controllers: [SlowController] }, { strategy });
    const client = createClient(NoteService, strategy.addresses[0]?.address ?? "");
    onTestFinished(() => client[Symbol.dispose]());
    const started = new Promise<void>((resolve) => {
      SlowController.started = resolve;
    });
    return { app, client, started };
  };

  test("waits for running calls, and then runs the hooks", async () => {
    const { app, client, started } = await start(10_000);
    const note = client.get({});
    await started;
    await app.close();
    expect((await note).text).toBe("late");
    expect(SlowController.events).toEqual(["responded", "shutdown hook"]);
  });

  test("aborts calls after the grace period", async () => {
    const { app, client, started } = await start(20);
    const list = client.list({});
    const reading = (async () => {
      for await (const _note of list);
    })();
    reading.catch(() => {});
    await started;
    await app.close();
    await expect(reading).rejects.toThrow(/shut/);
    expect(SlowController.events).toEqual(["aborted", "shutdown hook"]);
  });

  test("follows a signal of the process with shutdown hooks", async () => {
    const { app, client } = await start(10_000);
    const kill = vi.spyOn(process, "kill").mockReturnValue(true);
    onTestFinished(() => kill.mockRestore());
    app.enableShutdownHooks(["SIGUSR2"]);
    process.emit("SIGUSR2", "SIGUSR2");
    await expect.poll(() => SlowController.events).toEqual(["shutdown hook"]);
    await expect.poll(() => kill).toHaveBeenCalledWith(process.pid, "SIGUSR2");
    await expect(client.get({}, { timeoutMs: 5000 })).rejects.toThrow(/connect|refused/);
  });
});

test("a hybrid application serves HTTP and gRPC, by the same providers", async () => {
  @Controller()
  @Implement(NoteService)
  class HybridController {
    constructor(@Inject("TEXT") private readonly text: string) {}

    @Get("note")
    note() {
      return { text: this.text };
    }

    get() {
      return { text: this.text };
    }
  }
  @Module({ controllers: [HybridController], providers: [{ provide: "TEXT", useValue: "shared" }] })
  class HybridModule {}

  const app = await NestFactory.create(HybridModule, { logger: false });
  const strategy = new GrpcStrategy({ services: [NoteService], address: "127.0.0.1:0" });
  app.connectMicroservice<MicroserviceOptions>({ strategy }).useGlobalFilters(new GrpcExceptionFilter());
  await app.startAllMicroservices();
  await app.listen(0, "127.0.0.1");
  using client = createClient(NoteService, strategy.addresses[0]?.address ?? "");
  expect((await client.get({})).text).toBe("shared");
  expect(await (await fetch(`${await app.getUrl()}/note`)).json()).toEqual({ text: "shared" });
  await app.close();
  await expect(client.get({}, { timeoutMs: 5000 })).rejects.toThrow();
});

test.each([
  [NoteService, {}, "the option useFactory of registerAsync() must be a function, got undefined"],
  [
    NoteService,
    { usefactory: () => ({}) },
    'registerAsync() has no option "usefactory"; the options are name, imports, inject, useFactory',
  ],
  [NoteService, undefined, "registerAsync() takes an object of options, got undefined"],
  [NoteService, { name: 1, useFactory: () => ({}) }, "the name of a client must be a string, got 1"],
  ["notes", { useFactory: () => ({}) }, "clientToken() takes the descriptor of a service, got 'notes'"],
])("registerAsync() rejects wrong options: %#", (service, options, message) => {
  expect(() => GrpcClientModule.registerAsync(service as never, options as never)).toThrow(message);
});

describe("GrpcStrategy", () => {
  @Controller()
  @Implement(NoteService)
  class GetController {
    get() {
      return { text: "here" };
    }
  }

  test("serves the services of its server beside those of controllers, at several addresses", async () => {
    const server = createServer({ reflection: true });
    const strategy = new GrpcStrategy({ services: [NoteService], server, address: ["127.0.0.1:0", "127.0.0.1:0"] });
    const app = await startApp({ controllers: [GetController] }, { strategy });
    expect(app.unwrap()).toBe(server);
    expect(new Set(strategy.addresses.map(({ address }) => address)).size).toBe(2);
    for (const { address } of strategy.addresses) {
      using client = createClient(NoteService, address);
      expect((await client.get({})).text).toBe("here");
    }
  });

  test.each([
    [{ services: [] }, "the option services of GrpcStrategy must be an array of one or more descriptors of services, got []"],
    [{ services: ["notes.v1.NoteService"] }, "of services, got [ 'notes.v1.NoteService' ]"],
    [{ services: [NoteService], server: {} }, "the option server of GrpcStrategy must be what createServer() returns, got {}"],
    [
      { services: [NoteService], address: 50051 },
      "the option address of GrpcStrategy must be an address or an array of addresses, got 50051",
    ],
    [{ services: [NoteService], address: ["127.0.0.1:0", 1] }, "addresses, got [ '127.0.0.1:0', 1 ]"],
    [{ services: [NoteService], tls: "pem" }, "the option tls of GrpcStrategy must be an object with cert and key, got 'pem'"],
    [{ services: [NoteService], graceMs: "10" }, "the option graceMs of GrpcStrategy must be a number of milliseconds from 0 on, got '10'"],
    [{ services: [NoteService], graceMs: -1 }, "from 0 on, got -1"],
    [{ services: [NoteService], graceMs: Number.NaN }, "from 0 on, got NaN"],
    [{ services: [NoteService], adress: "127.0.0.1:0" }, 'GrpcStrategy has no option "adress"'],
  ])("rejects wrong options: %j", (options, message) => {
    expect(() => new GrpcStrategy(options as never)).toThrow(message);
  });

  test("rejects a call without options", () => {
    expect(() => new GrpcStrategy(undefined as never)).toThrow("GrpcStrategy takes an object of options, got undefined");
  });

  test("app.listen() rejects if the address is taken, or no handler matches", async () => {
    const port = await freePort();
    const blocker = createServer();
    await blocker.listen(`127.0.0.1:${port}`);
    onTestFinished(async () => void (await blocker.shutdown()));
    const taken = new GrpcStrategy({ services: [NoteService], address: `127.0.0.1:${port}` });
    await expect(startApp({ controllers: [GetController] }, { strategy: taken })).rejects.toThrow(/in use/);
    await expect(startApp({ controllers: [] }, { strategy: new GrpcStrategy({ services: [NoteService] }) })).rejects.toThrow(
      "no controller has a handler for notes.v1.NoteService",
    );
  });
});
