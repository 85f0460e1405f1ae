// The interop cases for connect-node's client. It cannot check whether a response was compressed.
import type { Client } from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import { expect } from "vitest";
import type { TestService, UnimplementedService } from "../../gen/grpc/testing/test_pb.js";
import type { CaseName } from "../../interop/client/cases/index.ts";
import { zeros } from "../../interop/payload.ts";
import { ConnectCode, ConnectError } from "../peers/connect-node.ts";

export interface ConnectClients {
  readonly test: Client<typeof TestService>;
  /** A client that compresses its requests. */
  readonly compressing: Client<typeof TestService>;
  readonly unimplemented: Client<typeof UnimplementedService>;
}

export const compressing = { sendCompression: compressionGzip, acceptCompression: [compressionGzip] };

/** The cases that connect-node's client does not support, and why. */
export const unsupported: Partial<Record<CaseName, string>> = {
  client_compressed_streaming:
    "connect-node compresses all messages of a transport above a minimum length, or none; a stream cannot mix both",
};

const large = { responseSize: 314_159, payload: zeros(271_828) };
const requestSizes = [27_182, 8, 1828, 45_904];
const responseSizes = [31_415, 9, 2653, 58_979];
const duplex = responseSizes.map((size, index) => ({ responseParameters: [{ size }], payload: zeros(requestSizes[index] ?? 0) }));
const yes = { value: true };
const no = { value: false };

const sizesOf = async (responses: AsyncIterable<{ payload?: { body: Uint8Array } | undefined }>) =>
  (await Array.fromAsync(responses)).map(({ payload }) => payload?.body.length);

async function* each<T>(values: Iterable<T>): AsyncIterable<T> {
  yield* values;
}

const failsWith = (call: Promise<unknown>, code: ConnectCode, rawMessage?: string) =>
  expect(call).rejects.toMatchObject(rawMessage === undefined ? { code } : { code, rawMessage });

export const connectCases: { readonly [name in CaseName]?: (clients: ConnectClients) => Promise<void> } = {
  async empty_unary({ test }) {
    await test.emptyCall({});
  },
  async large_unary({ test }) {
    expect((await test.unaryCall(large)).payload?.body.length).toBe(314_159);
  },
  async client_compressed_unary({ test, compressing }) {
    await failsWith(test.unaryCall({ ...large, expectCompressed: yes }), ConnectCode.InvalidArgument);
    await compressing.unaryCall({ ...large, expectCompressed: yes });
    await test.unaryCall({ ...large, expectCompressed: no });
  },
  async server_compressed_unary({ compressing }) {
    for (const responseCompressed of [yes, no]) {
      expect((await compressing.unaryCall({ ...large, responseCompressed })).payload?.body.length).toBe(314_159);
    }
  },
  async client_streaming({ test }) {
    const { aggregatedPayloadSize } = await test.streamingInputCall(each(requestSizes.map((size) => ({ payload: zeros(size) }))));
    expect(aggregatedPayloadSize).toBe(74_922);
  },
  async server_streaming({ test }) {
    const responseParameters = responseSizes.map((size) => ({ size }));
    expect(await sizesOf(test.streamingOutputCall({ responseParameters }))).toEqual(responseSizes);
  },
  async server_compressed_streaming({ compressing }) {
    const responseParameters = [
      { size: 31_415, compressed: yes },
      { size: 92_653, compressed: no },
    ];
    expect(await sizesOf(compressing.streamingOutputCall({ responseParameters }))).toEqual([31_415, 92_653]);
  },
  async ping_pong({ test }) {
    let answered = Promise.withResolvers<void>();
    async function* requests() {
      for (const request of duplex) {
        yield request;
        await answered.promise;
        answered = Promise.withResolvers();
      }
    }
    const sizes: (number | undefined)[] = [];
    for await (const { payload } of test.fullDuplexCall(requests())) {
      sizes.push(payload?.body.length);
      answered.resolve();
    }
    expect(sizes).toEqual(responseSizes);
  },
  async empty_stream({ test }) {
    expect(await sizesOf(test.fullDuplexCall(each([])))).toEqual([]);
  },
  async half_duplex({ test }) {
    expect(await sizesOf(test.halfDuplexCall(each(duplex)))).toEqual(responseSizes);
  },
  async slow_consumer({ test }) {
    let count = 0;
    const responseParameters = Array.from({ length: 2000 }, () => ({ size: 1030 }));
    for await (const { payload } of test.streamingOutputCall({ responseParameters })) {
      expect(payload?.body.length).toBe(1030);
      if (++count % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(count).toBe(2000);
  },
  async custom_metadata({ test }) {
    const headers = { "x-grpc-test-echo-initial": "test_initial_metadata_value", "x-grpc-test-echo-trailing-bin": "q6ur" };
    let [header, trailer] = [new Headers(), new Headers()];
    const options = {
      headers,
      onHeader: (received: Headers) => {
        header = received;
      },
      onTrailer: (received: Headers) => {
        trailer = received;
      },
    };
    for (const call of [() => test.unaryCall(large, options), () => sizesOf(test.fullDuplexCall(each(duplex.slice(0, 1)), options))]) {
      [header, trailer] = [new Headers(), new Headers()];
      await call();
      expect(header.get("x-grpc-test-echo-initial")).toBe("test_initial_metadata_value");
      expect(trailer.get("x-grpc-test-echo-trailing-bin")).toBe("q6ur");
    }
  },
  async status_code_and_message({ test }) {
    const request = { responseStatus: { code: ConnectCode.Unknown, message: "test status message" } };
    await failsWith(test.unaryCall(request), ConnectCode.Unknown, "test status message");
    await failsWith(sizesOf(test.fullDuplexCall(each([request]))), ConnectCode.Unknown, "test status message");
  },
  async special_status_message({ test }) {
    const message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    await failsWith(test.unaryCall({ responseStatus: { code: ConnectCode.Unknown, message } }), ConnectCode.Unknown, message);
  },
  async unimplemented_method({ test }) {
    await failsWith(test.unimplementedCall({}), ConnectCode.Unimplemented);
  },
  async unimplemented_service({ unimplemented }) {
    await failsWith(unimplemented.unimplementedCall({}), ConnectCode.Unimplemented);
  },
  async cancel_after_begin({ test }) {
    const cancel = new AbortController();
    const call = test.streamingInputCall(each([]), { signal: cancel.signal });
    cancel.abort();
    await failsWith(call, ConnectCode.Canceled);
  },
  async cancel_after_first_response({ test }) {
    const cancel = new AbortController();
    async function* requests() {
      yield* duplex.slice(0, 1);
      await new Promise((resolve) => cancel.signal.addEventListener("abort", resolve));
    }
    const read = async () => {
      for await (const _ of test.fullDuplexCall(requests(), { signal: cancel.signal })) cancel.abort();
    };
    await failsWith(read(), ConnectCode.Canceled);
  },
  async timeout_on_sleeping_server({ test }) {
    const error = await sizesOf(test.fullDuplexCall(each([{ payload: zeros(27_182) }]), { timeoutMs: 1 })).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ code: ConnectCode.DeadlineExceeded });
  },
};
