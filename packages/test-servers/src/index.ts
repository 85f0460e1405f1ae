export { natsMissing, startNats } from "./nats.ts";
export { type PostgresServer, postgresMissing, startPostgres } from "./postgres.ts";
export type { TestServer } from "./test-server.ts";
