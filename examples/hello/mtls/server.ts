// The hello server over mutual TLS: both sides show a certificate, and both verify the other's.
// `npx -y pnpm@12 certs` makes the files in certs/.
// Run it from the root of the repository: node examples/hello/mtls/server.ts
import { SayHello } from "@grpc-study/proto/hello";
import { createServer, implement } from "@grpc-study/rpc";

const server = createServer();
server.add(
  implement(SayHello, {
    sayHello: ({ messageName }) => ({ resMessage: `Message send by SayHello server :Hello ${messageName}` }),
  }),
);

// `clientCa` is Go's ClientCAs with RequireAndVerifyClientCert: a client needs a certificate of
// this CA to connect.
const { address } = await server.listen(process.argv[2] ?? "localhost:9092", {
  cert: "certs/server.pem",
  key: "certs/server.key",
  clientCa: "certs/ca.pem",
});

// Ctrl-C: running calls have ten seconds to finish. A second Ctrl-C ends the process at once.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.shutdown());
console.log(`server listening at ${address}`);
