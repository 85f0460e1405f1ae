// A server of the drain run: `node server.ts NAME HOST PORT GRACE`. It prints its port, and each
// response has its name as `x-server`. SIGTERM starts a graceful shutdown, as in docs/guides/deployment.md.
import { UserService } from "@grpc-study/proto/shop";
import { createServer, implement } from "@grpc-study/rpc";

const [name = "", host = "", port = "", graceMs = ""] = process.argv.slice(2);

const server = createServer();
server.add(
  implement(UserService, {
    getUserScore({ users }, { header }) {
      header.set("x-server", name);
      return { users };
    },
    async *getUserScoreByDoubleEndStream(requests, { header }) {
      header.set("x-server", name);
      for await (const { users } of requests) yield { users };
    },
  }),
);
const { port: bound } = await server.listen(`${host}:${port}`);
process.stdout.write(`${bound}\n`);

process.once("SIGTERM", async () => {
  const { cut } = await server.shutdown({ graceMs: Number(graceMs) });
  process.stdout.write(`cut ${cut.length}\n`);
});
