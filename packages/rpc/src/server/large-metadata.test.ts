// Metadata that no header can carry: the call fails with a clear error, and the connection lives on.
import { expect, test } from "vitest";
import { everyKind, everyWay, failureOf, kinds, startBy, transports } from "../../test/harness.ts";
import { Code, RpcError } from "../index.ts";

const large = "x".repeat(62_000);
const many = Array.from({ length: 2_000 }, () => "v");

test.each(everyWay)(
  "$transport, $kind: in a header, a trailer or an error, it is the handler's fault, which is reported",
  async ({ transport, kind }) => {
    const reported: unknown[] = [];
    let how = "";
    const { client } = await startBy(
      transport,
      everyKind((context) => {
        if (context.metadata.has("beside")) return "beside";
        if (how === "header") context.header.set("x-large", large);
        if (how === "trailer") context.trailer.set("x-large", large);
        if (how === "bytes") context.trailer.set("x-large-bin", Buffer.alloc(50_000));
        if (how === "many") for (const value of many) context.trailer.add("x-many", value);
        if (how === "error") throw new RpcError(Code.ABORTED, "no", { metadata: { "x-large": large } });
        if (how === "both") {
          context.trailer.set("x-half", large.slice(31_000));
          throw new RpcError(Code.ABORTED, "no", { metadata: { "x-other-half": large.slice(31_000) } });
        }
        return "fine";
      }),
      { onError: (error) => reported.push(error) },
    );
    for (how of ["header", "trailer", "bytes", "many", "error", "both"]) {
      const beside = kinds[kind](client, "", { metadata: { beside: "1" }, timeoutMs: 10_000 });
      expect(await failureOf(kinds[kind](client, "", { timeoutMs: 10_000 })), how).toMatchObject({
        code: Code.INTERNAL,
        message: "internal error",
      });
      expect(await beside).toMatchObject([{ text: "beside" }]);
      expect(reported.splice(0), how).toEqual([
        expect.objectContaining({ message: expect.stringMatching(/^the metadata has \d+ bytes, and a header takes 61440$/) }),
      ]);
    }
    how = "";
    expect(await kinds[kind](client, "")).toMatchObject([{ text: "fine" }]);
  },
);

test.each(everyWay)("$transport, $kind: in a request it is INVALID_ARGUMENT, and nothing is sent", async ({ transport, kind }) => {
  const { client } = await startBy(
    transport,
    everyKind(() => "fine"),
  );
  const beside = kinds[kind](client, "");
  expect(await failureOf(kinds[kind](client, "", { metadata: { "x-large": large } }))).toMatchObject({
    code: Code.INVALID_ARGUMENT,
    message: expect.stringContaining("and a header takes 61440"),
  });
  expect(await beside).toMatchObject([{ text: "fine" }]);
});

test.each(transports)("%s: fifty-five kilobytes in a trailer arrive", async (transport) => {
  const { client } = await startBy(transport, {
    unary: (_request, { trailer }) => {
      trailer.set("x-large", "y".repeat(55 * 1024));
      return {};
    },
  });
  let bytes = 0;
  await client.unary({}, { onTrailer: (trailer) => (bytes = trailer.get("x-large")?.length ?? 0) });
  expect(bytes).toBe(55 * 1024);
});
