// Serves handlers with our library in the test's own process, so that a test can inspect them.
import { createServer, type Implementation, type ServerOptions } from "@grpc-study/rpc";

export interface RpcServer extends AsyncDisposable {
  readonly address: string;
}

export async function serveRpc(implementations: readonly Implementation[], options?: ServerOptions): Promise<RpcServer> {
  const server = createServer(options);
  server.add(...implementations);
  const { address } = await server.listen("127.0.0.1:0");
  return {
    address,
    async [Symbol.asyncDispose]() {
      // The listener and all connections are closed when this returns. shutdown.test.ts tests that
      // the promise resolves.
      void server.shutdown({ graceMs: 0, abortMs: 0 });
    },
  };
}
