// The types of handlers, derived from a service descriptor.
import type { DescMessage, DescService, Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Context } from "./context.ts";

type MaybePromise<T> = T | Promise<T>;
type MaybeAsyncIterable<T> = AsyncIterable<T> | Iterable<T>;

/** The types of a method of a generated service. */
interface TypedMethod<Kind, I extends DescMessage, O extends DescMessage> {
  methodKind: Kind;
  input: I;
  output: O;
}

/** A handler of a unary method. */
export type UnaryHandler<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  context: Context,
) => MaybePromise<MessageInitShape<O>>;

/** A handler of a server streaming method: usually a generator. */
export type ServerStreamHandler<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  context: Context,
) => MaybeAsyncIterable<MessageInitShape<O>>;

/** A handler of a client streaming method. */
export type ClientStreamHandler<I extends DescMessage, O extends DescMessage> = (
  requests: AsyncIterable<MessageShape<I>>,
  context: Context,
) => MaybePromise<MessageInitShape<O>>;

/** A handler of a bidirectional streaming method: usually an async generator. */
export type BidiStreamHandler<I extends DescMessage, O extends DescMessage> = (
  requests: AsyncIterable<MessageShape<I>>,
  context: Context,
) => MaybeAsyncIterable<MessageInitShape<O>>;

/** The handler of a method, by its kind. */
export type Handler<Method> =
  Method extends TypedMethod<"unary", infer I, infer O>
    ? UnaryHandler<I, O>
    : Method extends TypedMethod<"server_streaming", infer I, infer O>
      ? ServerStreamHandler<I, O>
      : Method extends TypedMethod<"client_streaming", infer I, infer O>
        ? ClientStreamHandler<I, O>
        : Method extends TypedMethod<"bidi_streaming", infer I, infer O>
          ? BidiStreamHandler<I, O>
          : never;

/**
 * The handlers of a service, by the local name of the method. A method without a handler ends with
 * UNIMPLEMENTED.
 */
export type Handlers<Service extends DescService> = {
  [Name in keyof Service["method"]]?: Handler<Service["method"][Name]>;
};

/**
 * Handlers with responses of any type. `ExactHandlers` then reports a wrong response and names its
 * field.
 */
export type LooseHandlers<Service extends DescService> = {
  [Name in keyof Service["method"]]?: Loose<Handler<Service["method"][Name]>>;
};

// Not `unknown`, so that a response literal is still inferred as an init shape.
type Loose<H> = H extends (input: infer Input, context: Context) => infer Result
  ? (input: Input, context: Context) => Result | object | Opaque
  : never;

// TypeScript does not check for excess properties in the result of a function expression, so `{
// mesage: "…" }` beside a correct field would compile and be dropped. The types below make it an
// error.

/** The type of the responses that a handler returns or yields. */
type Response<H> = H extends (...args: never[]) => infer R
  ? R extends AsyncIterable<infer T> | Iterable<infer T> | Promise<infer T>
    ? T
    : R
  : never;

type KeyOf<T> = T extends unknown ? keyof T : never;
type ElementOf<T> = T extends readonly (infer E)[] ? E : T;
type Opaque = Message | Uint8Array | string | number | bigint | boolean | null | undefined;

/**
 * The fields of `Actual` that `Init` does not have, as paths up to four levels deep. Oneofs and
 * complete messages are not examined.
 */
type UnknownField<Actual, Init, Depth extends 0[] = []> = Depth["length"] extends 4
  ? never
  : Actual extends Opaque
    ? never
    : Init extends { case?: string | undefined }
      ? never
      : {
          [K in keyof Actual & string]: K extends KeyOf<Init>
            ? UnknownField<ElementOf<Actual[K]>, Exclude<ElementOf<PropertyOf<Init, K>>, Opaque>, [...Depth, 0]> extends infer Inner extends
                string
              ? `${K}.${Inner}`
              : never
            : K;
        }[keyof Actual & string];

type PropertyOf<T, K> = T extends unknown ? (K extends keyof T ? T[K] : never) : never;

/**
 * The required type of a handler: `Handler<Method>` if its responses have only fields of `Method`'s
 * output, otherwise a type that describes the fault.
 */
type ExactHandler<Method, H> = Method extends { output: infer O extends DescMessage }
  ? [Response<H>] extends [object]
    ? [UnknownField<Response<H>, Exclude<MessageInitShape<O>, Opaque>>] extends [never]
      ? Handler<Method>
      : (...args: never[]) => {
          [fault in `${O["typeName"]} has no field`]: UnknownField<Response<H>, Exclude<MessageInitShape<O>, Opaque>>;
        }
    : (...args: never[]) => { [fault in `${O["typeName"]} is not`]: Response<H> }
  : never;

/**
 * Whether `H` is inferred from a literal, whose members a `const` type parameter makes readonly. A
 * class instance may have other members.
 */
type IsLiteral<H> = (<T>() => T extends H ? 1 : 2) extends <T>() => T extends Readonly<H> ? 1 : 2 ? true : false;

/**
 * `H` if its responses have only known fields and, for a literal, it has only known methods. The
 * methods of a service that is only known at run time (`DescService`) are checked when it is
 * implemented.
 */
export type ExactHandlers<Service extends DescService, H> = string extends keyof Service["method"]
  ? H
  : {
      [Name in keyof H]: Name extends keyof Service["method"]
        ? ExactHandler<Service["method"][Name], H[Name]>
        : IsLiteral<H> extends true
          ? never
          : H[Name];
    };

/** An untyped handler, as the runtime sees it. */
export type AnyHandler = (input: unknown, context: Context) => unknown;
