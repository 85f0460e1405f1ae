// connectrpc.conformance.v1.ConformanceService, implemented with our library. It sends the response
// that the first request defines, and reports the request as it received it.
import { setTimeout as delay } from "node:timers/promises";
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import { type Context, codeFrom, detail, implement, type Metadata, RpcError } from "@grpc-study/rpc";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  type Error as ConformanceError,
  type ConformancePayloadSchema,
  ConformanceService,
  type Header,
  IdempotentUnaryRequestSchema,
  ConformancePayload_RequestInfoSchema as RequestInfoSchema,
  ServerStreamRequestSchema,
  type StreamResponseDefinition,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from "../../gen/connectrpc/conformance/v1/service_pb.js";

type Payload = MessageInitShape<typeof ConformancePayloadSchema>;

export const conformanceService = implement(ConformanceService, {
  unary: (request, context) => answer(request.responseDefinition, context, [pack(UnaryRequestSchema, request)]),

  idempotentUnary: (request, context) => answer(request.responseDefinition, context, [pack(IdempotentUnaryRequestSchema, request)]),

  async clientStream(requests, context) {
    const all = await Array.fromAsync(requests);
    return answer(
      all[0]?.responseDefinition,
      context,
      all.map((request) => pack(ClientStreamRequestSchema, request)),
    );
  },

  async *serverStream(request, context) {
    yield* new Responses(request.responseDefinition, context).rest([pack(ServerStreamRequestSchema, request)]);
  },

  async *bidiStream(requests, context) {
    let responses: Responses | undefined;
    const unanswered: Any[] = [];
    for await (const request of requests) {
      responses ??= new Responses(request.responseDefinition, context);
      unanswered.push(pack(BidiStreamRequestSchema, request));
      if (request.fullDuplex) responses.fullDuplex = true;
      if (!responses.fullDuplex) continue;
      if (responses.left === 0) break;
      yield await responses.next(unanswered.splice(0));
    }
    if (responses !== undefined) yield* responses.rest(unanswered);
  },

  // `unimplemented` has no handler on purpose.
});

const pack = <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Any => anyPack(schema, message);

function requestInfo({ metadata, deadline }: Context, requests: Any[]): MessageInitShape<typeof RequestInfoSchema> {
  const entries = Object.groupBy(metadata, ([name]) => name);
  const requestHeaders = Object.entries(entries).map(([name, values = []]) => ({ name, value: values.map(([, value]) => toText(value)) }));
  const timeout = deadline === undefined ? {} : { timeoutMs: BigInt(deadline.getTime() - Date.now()) };
  return { requestHeaders, requests, ...timeout };
}

function add(metadata: Metadata, entries: readonly Header[]): void {
  for (const { name, value } of entries)
    for (const one of value) metadata.add(name, name.endsWith("-bin") ? Buffer.from(one, "base64") : one);
}

/** The service's messages have binary metadata as base64 without padding, like the headers of gRPC. */
function toText(value: string | Uint8Array): string {
  return typeof value === "string" ? value : Buffer.from(value).toString("base64").replaceAll("=", "");
}

async function answer(definition: UnaryResponseDefinition | undefined, context: Context, requests: Any[]): Promise<{ payload: Payload }> {
  if (definition === undefined) return { payload: { requestInfo: requestInfo(context, requests) } };
  add(context.header, definition.responseHeaders);
  add(context.trailer, definition.responseTrailers);
  const info = requestInfo(context, requests);
  if (definition.responseDelayMs > 0) await delay(definition.responseDelayMs, undefined, { signal: context.signal });
  const { response } = definition;
  if (response.case === "error") throw toError(response.value, [detail(RequestInfoSchema, info)]);
  return { payload: { data: response.value ?? new Uint8Array(), requestInfo: info } };
}

function toError({ code, message, details }: ConformanceError, more: readonly Any[]): RpcError {
  return new RpcError(codeFrom(code), message, { details: [...details, ...more] });
}

/**
 * The responses of a stream. The first response reports the request. If there is no response, the
 * error reports it.
 */
class Responses {
  readonly #definition: StreamResponseDefinition | undefined;
  readonly #context: Context;
  #sent = 0;
  fullDuplex = false;

  constructor(definition: StreamResponseDefinition | undefined, context: Context) {
    this.#definition = definition;
    this.#context = context;
    add(context.header, definition?.responseHeaders ?? []);
    add(context.trailer, definition?.responseTrailers ?? []);
  }

  get left(): number {
    return (this.#definition?.responseData.length ?? 0) - this.#sent;
  }

  async next(requests: Any[]): Promise<{ payload: Payload }> {
    const { responseData = [], responseDelayMs = 0 } = this.#definition ?? {};
    const info = requestInfo(this.#context, requests);
    if (responseDelayMs > 0) await delay(responseDelayMs, undefined, { signal: this.#context.signal });
    const data = responseData[this.#sent++] ?? new Uint8Array();
    return { payload: { data, ...(requests.length > 0 && { requestInfo: info }) } };
  }

  async *rest(requests: Any[]): AsyncIterable<{ payload: Payload }> {
    while (this.left > 0) yield await this.next(requests.splice(0));
    const error = this.#definition?.error;
    if (error !== undefined) throw toError(error, this.#sent > 0 ? [] : [detail(RequestInfoSchema, requestInfo(this.#context, requests))]);
  }
}
