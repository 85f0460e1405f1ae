// Rate limits do not affect honest peers, however fast they are.
import { describe, expect, test } from "vitest";
import { connect, createServer, HeaderList } from "../../src/index.ts";
import { code, flag, headers, many, ping, rstStream, type, windowUpdate } from "../raw/frames.ts";
import { request, response } from "../raw/hpack.ts";
import { rawServer, readyClient } from "../raw/peer.ts";

const post = HeaderList.request({ method: "POST", scheme: "http", authority: "localhost", path: "/" });
const ok = HeaderList.response(200);

describe.concurrent("a fast peer", () => {
  test("may reset each stream after its response, as servers do (section 8.1)", async () => {
    await using server = await rawServer();
    const connecting = connect({ host: "127.0.0.1", port: server.port });
    const peer = await server.accept();
    const connection = await connecting;
    let responses = 0;
    for (let round = 0; round < 40; round++) {
      const streams = Array.from({ length: 50 }, () =>
        connection.request(post, { onHeaders: () => void responses++ }, Buffer.from("body"), true),
      );
      const last = streams.at(-1)?.id;
      await peer.next(({ kind, stream }) => kind === type.data && stream === last, "the last request");
      peer.send(...streams.map(({ id }) => Buffer.concat([headers(id, response()), rstStream(id, code.noError)])));
      expect(await peer.ping(`round ${round}`)).toBe(true);
    }
    expect(responses).toBe(2000);
    connection.destroy();
  });

  test.each([
    { title: "may credit each part on both levels, all at once", reply: Buffer.concat([windowUpdate(0, 5), windowUpdate(1, 5)]) },
    { title: "may send PING for each part, all at once", reply: ping("probe") },
  ])("$title", async ({ reply }) => {
    const server = createServer({
      onStream(stream) {
        stream.sendHeaders(ok);
        for (let part = 0; part < 4000; part++) stream.write(Buffer.alloc(5));
        return {};
      },
    });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    using peer = await readyClient(port);
    peer.send(headers(1, request(), flag.endHeaders));
    for (let bytes = 0; bytes < 20_000; ) bytes += (await peer.next(({ kind }) => kind === type.data, "DATA"))?.payload.length ?? 20_000;
    // The budgets are refilled meanwhile, which must not remove earned tokens.
    await new Promise((resolve) => setTimeout(resolve, 20));
    peer.send(many(4000, () => reply));
    expect(await peer.ping()).toBe(true);
    server.destroy();
  });
});
