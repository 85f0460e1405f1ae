// Metadata that exceeds a header: the call fails with a clear error, and the connection stays open.
import { expect, test } from "vitest";
import { everyKind, everyWay, failureOf, kinds, startBy, transports } from "../../test/harness.ts";
import { Code, detail, RpcError } from "../index.ts";
import { ErrorInfoSchema } from "../protocol/error-details.ts";

const large = "x".repeat(62_000);
const details = [detail(ErrorInfoSchema, { reason: "BUSY" })];
const internal = { code: Code.INTERNAL, message: "internal error" };
const tooLarge = /^no \(without its metadata: the metadata has \d+ bytes; the limit for a header is 61440\)$/;
const errors: Readonly<Record<string, unknown>> = {
  "header of an error": expect.stringMatching(tooLarge),
  "two values": 'no (without its metadata: the metadata key "retry-after" has 2 values; HTTP allows one)',
  error: expect.stringMatching(tooLarge),
  both: expect.stringMatching(/^\(without its metadata: the metadata has \d+ bytes/),
};
const many = Array.from({ length: 2_000 }, () => "v");

test.each(everyWay)(
  "$transport, $kind: in a header or a trailer it is a fault of the handler, and is reported; an error keeps its status",
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
        if (how === "header of an error") {
          context.header.set("x-large", large);
          throw new RpcError(Code.ABORTED, "no");
        }
        if (how === "two values") {
          context.trailer.add("retry-after", "1");
          context.trailer.add("retry-after", "2");
          throw new RpcError(Code.ABORTED, "no", { details, retryAfterMs: 7 });
        }
        if (how === "error") throw new RpcError(Code.ABORTED, "no", { metadata: { "x-large": large }, details, retryAfterMs: 7 });
        if (how === "both") {
          context.trailer.set("x-half", large.slice(31_000));
          throw new RpcError(Code.ABORTED, "", { metadata: { "x-other-half": large.slice(31_000) } });
        }
        return "fine";
      }),
      { onError: (error) => reported.push(error) },
    );
    for (how of ["header", "trailer", "bytes", "many", "header of an error", "two values", "error", "both"]) {
      const beside = kinds[kind](client, "", { metadata: { beside: "1" }, timeoutMs: 10_000 });
      const failure = await failureOf(kinds[kind](client, "", { timeoutMs: 10_000 }));
      const kept = how === "two values" || how === "error" ? 1 : 0;
      expect(failure, how).toMatchObject(
        errors[how] === undefined ? internal : { code: Code.ABORTED, message: errors[how], details: { length: kept } },
      );
      expect(await beside).toMatchObject([{ text: "beside" }]);
      expect(reported.splice(0), how).toEqual([
        expect.objectContaining({
          message: expect.stringMatching(/^the metadata (?:has \d+ bytes; the limit for a header is 61440$|key "retry-after")/),
        }),
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
    message: expect.stringContaining("the limit for a header is 61440"),
  });
  expect(await beside).toMatchObject([{ text: "fine" }]);
});

test.each(transports)("%s: a trailer of fifty-five kilobytes arrives", async (transport) => {
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
