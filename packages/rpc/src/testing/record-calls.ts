// Records calls, on a server or on a client.
import { clone, type DescMethod, type Message, type MessageShape } from "@bufbuild/protobuf";
import { wrongType } from "../checks.ts";
import { isPromise } from "../intercept/chain.ts";
import type { MaybePromise } from "../intercept/types.ts";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import type { Metadata } from "../protocol/metadata.ts";
import { methodPath } from "../protocol/method.ts";
import type { AnyCall, AnyInterceptor } from "./interceptor.ts";

/** A call, with the messages and the status that it has had so far. */
export interface RecordedCall<Method extends DescMethod = DescMethod> {
  readonly method: Method;
  /** A copy of the request's metadata when the call began. */
  readonly metadata: Metadata;
  readonly deadline: Date | undefined;
  /** Copies of the requests that have been read. A call without a request stream has at most one. */
  readonly requests: readonly MessageShape<Method["input"]>[];
  /** Copies of the responses. */
  readonly responses: readonly MessageShape<Method["output"]>[];
  /** The status with which the call has ended. Undefined while it runs. */
  readonly code: Code | undefined;
  /** The error with which the call has ended. Undefined while it runs, and after OK. */
  readonly error: unknown;
  /** Resolves with the status once the call has ended. */
  readonly ended: Promise<Code>;
}

/** An interceptor for servers and clients that remembers the calls it runs around. */
export interface CallRecorder extends AnyInterceptor {
  /** All calls so far, in the order in which they began. */
  readonly all: readonly RecordedCall[];
  /** The calls of one method, typed by its messages. */
  of<Method extends DescMethod>(method: Method): readonly RecordedCall<Method>[];
  /** Forgets the calls so far. */
  clear(): void;
}

class Recording implements RecordedCall {
  readonly method: DescMethod;
  readonly metadata: Metadata;
  readonly deadline: Date | undefined;
  readonly requests: Message[] = [];
  readonly responses: Message[] = [];
  readonly #ended = Promise.withResolvers<Code>();
  code: Code | undefined = undefined;
  error: unknown = undefined;

  constructor(call: AnyCall) {
    this.method = call.method;
    this.metadata = call.metadata.clone();
    this.deadline = call.deadline;
    call.onEnd((error) => {
      this.error = error;
      this.code = error === undefined ? Code.OK : RpcError.from(error).code;
      this.#ended.resolve(this.code);
    });
  }

  get ended(): Promise<Code> {
    return this.#ended.promise;
  }

  request(message: Message): void {
    this.requests.push(clone(this.method.input, message));
  }

  response(message: Message): void {
    this.responses.push(clone(this.method.output, message));
  }
}

/** Passes messages on, and shows each one to the recording. */
async function* passing(messages: AsyncIterable<Message>, show: (message: Message) => void): AsyncGenerator<Message, undefined> {
  for await (const message of messages) {
    show(message);
    yield message;
  }
  return undefined;
}

/**
 * Returns an interceptor that records calls of all four kinds. It reads messages where it stands
 * among the interceptors: those inside it may change them further.
 *
 * @example
 * const calls = recordCalls();
 * const client = mockClient(Greeter, greeter, { interceptors: [calls] });
 * await client.sayHello({ name: "Ann" });
 * calls.of(Greeter.method.sayHello)[0]?.requests[0]?.name; // Ann
 */
export function recordCalls(): CallRecorder {
  let all: Recording[] = [];
  const record: AnyInterceptor = async (call, next) => {
    const recording = new Recording(call);
    all.push(recording);
    const { request, requests } = call;
    if (request !== undefined) read(request, recording);
    const response = await next(requests && { requests: passing(requests, (message) => recording.request(message)) });
    if (response.messages !== undefined) {
      return { messages: passing(response.messages, (message) => recording.response(message)) };
    }
    recording.response(response.message);
    return response;
  };
  const members: Pick<CallRecorder, "all" | "of" | "clear"> = {
    get all() {
      return [...all];
    },
    of: <Method extends DescMethod>(method: Method) => {
      if (method?.kind !== "rpc") throw wrongType("the method of calls.of()", "a method of a service", method);
      const path = methodPath(method);
      return all.filter((recording) => methodPath(recording.method) === path) as unknown as RecordedCall<Method>[];
    },
    clear: () => {
      all = [];
    },
  };
  return Object.defineProperties(record, Object.getOwnPropertyDescriptors(members)) as CallRecorder;
}

/** Records the only request. If it fails to arrive, the call ends for that reason. */
function read(request: MaybePromise<Message>, recording: Recording): void {
  if (!isPromise(request)) recording.request(request);
  else
    request.then(
      (message) => recording.request(message),
      () => {},
    );
}
