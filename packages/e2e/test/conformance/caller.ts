// Makes the call of a test case with our client, and returns the outcome.
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type CallOptions, type Client, Code, createClient, detail, type Metadata, RpcError } from "@grpc-study/rpc";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  type ConformancePayload,
  ConformanceService,
  HeaderSchema,
  type ConformancePayload_RequestInfo as RequestInfo,
  ConformancePayload_RequestInfoSchema as RequestInfoSchema,
  ServerStreamRequestSchema,
  UnaryRequestSchema,
} from "../../gen/connectrpc/conformance/v1/service_pb.js";
import type { Answer, CallCase, Entries } from "./data/case.ts";

export const responseData = Buffer.from("test response");

/** The server's message size limit, in bytes. */
export const limitBytes = 200 * 1024;

export interface Result {
  readonly code: Code;
  readonly message: string;
  /** The names in the error details. */
  readonly details: readonly string[];
  readonly responses: readonly Uint8Array[];
  readonly header: Entries;
  readonly trailer: Entries;
  /** The request as the server saw it, from its first response or its error. */
  readonly info: RequestInfo | undefined;
}

type Response = { readonly payload?: ConformancePayload | undefined };

export async function callOurs(address: string, testCase: CallCase): Promise<Result> {
  const client = createClient(ConformanceService, address);
  const responses: Response[] = [];
  let [header, trailer]: [Metadata?, Metadata?] = [];
  const leave = new AbortController();
  const options: CallOptions = {
    signal: leave.signal,
    metadata: testCase.requestHeader ?? {},
    ...(testCase.timeoutMs !== undefined && { timeoutMs: testCase.timeoutMs }),
    onHeader: (received) => {
      header = received;
    },
    onTrailer: (received) => {
      trailer = received;
    },
  };
  let failure: RpcError | undefined;
  try {
    await run(client, testCase, options, leave, responses);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    failure = error;
  } finally {
    client[Symbol.dispose]();
  }
  return {
    code: failure?.code ?? Code.OK,
    message: failure?.message ?? "",
    details: failure?.findDetails(HeaderSchema).map(({ name }) => name) ?? [],
    responses: responses.map(({ payload }) => payload?.data ?? new Uint8Array()),
    header: toEntries(header),
    trailer: toEntries(trailer),
    info: responses[0]?.payload?.requestInfo ?? failure?.findDetails(RequestInfoSchema)[0],
  };
}

async function run(
  client: Client<typeof ConformanceService>,
  { kind, answer, requests = 1, sizes, cancel }: CallCase,
  options: CallOptions,
  leave: AbortController,
  responses: Response[],
): Promise<void> {
  const first = define(answer);
  const make = <Desc extends DescMessage>(schema: Desc, responseDefinition: object, more = {}) =>
    Array.from({ length: sizes?.length ?? requests }, (_, index) => {
      const size = sizes?.[index];
      const request = {
        ...(index === 0 && { responseDefinition }),
        requestData: responseData,
        ...more,
      } as unknown as MessageInitShape<Desc>;
      return size === undefined ? request : pad(schema, request, limitBytes + size);
    });
  const closed = () => {
    if (cancel !== undefined && "afterCloseSendMs" in cancel) setTimeout(() => leave.abort(), cancel.afterCloseSendMs);
  };
  const received = (response: Response) => {
    responses.push(response);
    if (cancel !== undefined && "afterResponses" in cancel && responses.length === cancel.afterResponses) leave.abort();
  };

  switch (kind) {
    case "unary": {
      const call = client.unary(make(UnaryRequestSchema, singleResponse(first))[0] ?? {}, options);
      closed();
      return received(await call);
    }
    case "client-stream": {
      const call = client.clientStream(options);
      for (const request of make(ClientStreamRequestSchema, singleResponse(first))) await call.send(request);
      if (cancel !== undefined && "beforeCloseSend" in cancel) call.cancel();
      closed();
      return received(await call.closeAndRecv());
    }
    case "server-stream": {
      const call = client.serverStream(make(ServerStreamRequestSchema, first)[0] ?? {}, options);
      closed();
      for (let response = await call.recv(); response !== undefined; response = await call.recv()) received(response);
      return;
    }
    case "half-duplex":
    case "full-duplex": {
      const call = client.bidiStream(options);
      for (const [index, request] of make(BidiStreamRequestSchema, first, { fullDuplex: kind === "full-duplex" }).entries()) {
        if (!(await call.send(request))) break;
        if (kind === "full-duplex" && index < (answer.responses ?? 0)) {
          const response = await call.recv();
          if (response !== undefined) received(response);
        }
      }
      if (cancel !== undefined && "beforeCloseSend" in cancel) call.cancel();
      call.closeSend();
      closed();
      for (let response = await call.recv(); response !== undefined; response = await call.recv()) received(response);
    }
  }
}

export function toEntries(metadata: Metadata | undefined): Entries {
  const all = [...(metadata ?? [])];
  return Object.fromEntries(all.map(([name]) => [name, all.filter(([other]) => other === name).map(([, value]) => String(value))]));
}

function define({ header = {}, trailer = {}, responses = 0, error, delayMs = 0 }: Answer) {
  const toHeaders = (entries: Entries) => Object.entries(entries).map(([name, value]) => ({ name, value: [...value] }));
  return {
    responseHeaders: toHeaders(header),
    responseTrailers: toHeaders(trailer),
    responseData: Array.from({ length: responses }, () => responseData),
    responseDelayMs: delayMs,
    ...(error && { error: { ...error, details: (error.details ?? []).map((name) => detail(HeaderSchema, { name })) } }),
  };
}

/** Converts the definition to the form for calls with a single response. */
function singleResponse({ responseData: [value], error, ...rest }: ReturnType<typeof define>) {
  if (error !== undefined) return { ...rest, response: { case: "error" as const, value: error } };
  return { ...rest, response: { case: "responseData" as const, value: value ?? new Uint8Array() } };
}

/** Pads a request to the given size on the wire, in bytes. */
function pad<Desc extends DescMessage>(schema: Desc, request: MessageInitShape<Desc>, bytes: number): MessageInitShape<Desc> {
  const filled = (length: number) => ({ ...request, requestData: new Uint8Array(length) });
  const over = toBinary(schema, create(schema, filled(bytes))).length - bytes;
  return filled(bytes - over);
}
