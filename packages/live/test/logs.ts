// The logs that each behaviour test runs over, and how to disturb them.
import { PGlite } from "@electric-sql/pglite";
import { natsMissing, postgresMissing, startNats, startPostgres, type TestServer } from "@grpc-study/test-servers";
import { type Live, memoryLive } from "../src/index.ts";
import { natsLive } from "../src/nats/index.ts";
import { postgresLive } from "../src/postgres/index.ts";

export interface LogUnderTest {
  /** A log as another process would open it: `memory` and `pglite` return the same one. */
  open(): Live;
  /** The server, for logs that have one. */
  readonly server?: TestServer;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface LogKind {
  readonly name: string;
  /** Why the log cannot run here. */
  readonly missing: string | undefined;
  readonly hasServer: boolean;
  start(): Promise<LogUnderTest>;
}

export const kinds: readonly LogKind[] = [
  { name: "memory", missing: undefined, hasServer: false, start: async () => inProcess(memoryLive()) },
  {
    name: "pglite",
    missing: undefined,
    hasServer: false,
    async start() {
      const pglite = await PGlite.create();
      return inProcess(postgresLive({ pglite }), () => pglite.close());
    },
  },
  {
    name: "postgres",
    missing: postgresMissing(),
    hasServer: true,
    start: async () => withServer(await startPostgres(), (url) => postgresLive({ url }, { pollMs: 60_000 })),
  },
  {
    name: "nats",
    missing: natsMissing(),
    hasServer: true,
    start: async () => withServer(await startNats(), (url) => natsLive({ url })),
  },
];

function inProcess(live: Live, end = async () => {}): LogUnderTest {
  return {
    open: () => live,
    async [Symbol.asyncDispose]() {
      await live.close();
      await end();
    },
  };
}

function withServer(server: TestServer, open: (url: string) => Live): LogUnderTest {
  const opened: Live[] = [];
  return {
    server,
    open() {
      const live = open(server.url);
      opened.push(live);
      return live;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((live) => live.close()));
      await server[Symbol.asyncDispose]();
    },
  };
}
