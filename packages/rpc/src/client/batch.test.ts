import { expect, test } from "vitest";
import { start } from "../../test/harness.ts";

const text = (count: number) => "x".repeat(count % 50);

test.each([undefined, "gzip"] as const)(
  "requests that are sent in one batch arrive complete and in order, with compression %s",
  async (compression) => {
    const { client } = await start({
      async clientStream(requests) {
        let next = 0;
        for await (const { count, text: got } of requests) {
          if (count !== next || got !== text(count)) throw new Error(`${count} is not ${next}`);
          next++;
        }
        return { count: next };
      },
    });
    const requests = Array.from({ length: 5000 }, (_, count) => ({ count, text: text(count) }));
    const options = compression === undefined ? {} : { compression };
    expect((await client.clientStream(requests, options)).count).toBe(5000);
    expect(
      (
        await client.clientStream(
          [{}, {}, {}].map((_, count) => ({ count, text: text(count) })),
          options,
        )
      ).count,
    ).toBe(3);
  },
);

test("a request over the limit in a batch ends the call", async () => {
  const { address } = await start({ clientStream: async (requests) => ({ count: (await Array.fromAsync(requests)).length }) });
  const { connect } = await import("../../test/harness.ts");
  const client = connect(address, { limits: { maxSendMessageBytes: 100 } });
  const requests = [{ text: "a" }, { text: "b" }, { text: "c".repeat(200) }, { text: "d" }];
  await expect(client.clientStream(requests)).rejects.toMatchObject({ code: 8 });
  expect((await client.clientStream(requests.slice(0, 2))).count).toBe(2);
});
