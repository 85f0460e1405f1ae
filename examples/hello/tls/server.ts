// The hello server over TLS: it shows a certificate, which the client verifies.
// `npx -y pnpm@12 certs` makes the files in certs/.
// Run it from the root of the repository: node examples/hello/tls/server.ts
import { SayHello } from "@grpc-study/proto/hello";
import { createServer, implement } from "@grpc-study/rpc";

const server = createServer();
server.add(
  implement(SayHello, {
    sayHello: ({ messageName }) => ({ resMessage: `Message send by SayHello server :Hello ${messageName}` }),
  }),
);

// As Go's NewServerTLSFromFile. Renewed files are read again, without a restart.
const { address } = await server.listen(process.argv[2] ?? "localhost:9091", {
  cert: "certs/server.pem",
  key: "certs/server.key",
});

// Ctrl-C: running calls have ten seconds to finish. A second Ctrl-C ends the process at once.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.shutdown());
console.log(`server listening at ${address}`);
