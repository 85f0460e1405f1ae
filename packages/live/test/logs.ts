// The logs that each behaviour test runs over, and how to disturb them.
import { PGlite } from "@electric-sql/pglite";
import { natsMissing, postgresMissing, startNats, startPostgres, type TestServer } from "@grpc-study/test-servers";
import { type Live, memoryLive } from "../src/index.ts";
import { natsLive } from "../src/nats/index.ts";
import { postgresLive } from "../src/postgres/index.ts";

export interface LogUnderTest {
  /** A log as another process would open it: `memory` returns the same one. */
  open(): Live;
  /** The server, for logs that have one. */
  readonly server?: TestServer;
  readonly pglite?: PGlite;
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
  {
    name: "memory",
    missing: undefined,
    hasServer: false,
    async start() {
      const live = memoryLive();
      return { open: () => live, [Symbol.asyncDispose]: () => live.close() };
    },
  },
  {
    name: "pglite",
    missing: undefined,
    hasServer: false,
    async start() {
      // PGlite writes zeros over its buffers, which are 128 MB by default.
      const pglite = await PGlite.create({ startParams: [...PGlite.defaultStartParams, "-c", "shared_buffers=16MB"] });
      const log = opening(
        () => postgresLive({ pglite }),
        () => pglite.close(),
      );
      return { pglite, ...log };
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

function withServer(server: TestServer, open: (url: string) => Live): LogUnderTest {
  return {
    server,
    ...opening(
      () => open(server.url),
      () => server[Symbol.asyncDispose](),
    ),
  };
}

function opening(open: () => Live, end: () => Promise<void>): LogUnderTest {
  const opened: Live[] = [];
  return {
    open() {
      const live = open();
      opened.push(live);
      return live;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((live) => live.close()));
      await end();
    },
  };
}
