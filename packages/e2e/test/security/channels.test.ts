// Several channels of one process to the same address.
import { SayHello } from "@grpc-study/proto/hello";
import { createClient } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { Authority } from "./certificates.ts";
import { listenTls } from "./foreign.ts";

// grpc-js shares subchannels by default: a second channel would reuse a failed one without its
// error.
test("a second plaintext channel to a TLS server reports the cause of its failure, too", async () => {
  await using server = await listenTls({ ...new Authority().issue(), ALPNProtocols: ["h2"] });
  const address = `127.0.0.1:${server.port}`;
  using first = createClient(SayHello, address);
  using second = createClient(SayHello, address);
  const message = `cannot connect to ${address}: the server closed the connection during the handshake: does it expect TLS?`;
  await expect(first.sayHello({})).rejects.toMatchObject({ message });
  await expect(second.sayHello({})).rejects.toMatchObject({ message });
});
