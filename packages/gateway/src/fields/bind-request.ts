// Binds an HTTP request to a message: first the body, then the query, then the path, which wins.
import { create, type DescField, type DescMessage, type Message } from "@bufbuild/protobuf";
import { JsonError, type JsonOptions, jsonCodec, jsonFieldCodec, TooManyElementsError } from "@grpc-study/codec/json";
import { Code, RpcError } from "@grpc-study/rpc";
import { HttpBodySchema } from "../../gen/google/api/httpbody_pb.js";
import { HttpError } from "../http/errors.ts";
import type { Binding } from "../http-rule/rule.ts";
import type { Segment, Variable } from "../http-rule/template.ts";
import { type TextAssigner, textAssigner } from "./assign-text.ts";
import { type FieldPath, formatPath } from "./field-path.ts";
import { invalidField, quote } from "./invalid-field.ts";
import { QueryParameters } from "./query.ts";
import { deriveUpdateMask, updateMaskField } from "./update-mask.ts";

export interface RequestTarget {
  /** The segments of the path, percent-encoded. */
  readonly segments: readonly string[];
  /** The query without its question mark. Empty if the URL has none. */
  readonly query: string;
}

export interface RawBody {
  readonly contentType: string;
  readonly data: Uint8Array;
}

export interface BinderOptions {
  readonly json: JsonOptions;
  readonly rejectUnknownParameters: boolean;
}

/** Creates request messages for one binding. Throws INVALID_ARGUMENT for invalid values. */
export class RequestBinder {
  /** The kind of body: none, JSON, or any content (`google.api.HttpBody`). */
  readonly body: "none" | "json" | "raw";
  readonly #message: DescMessage;
  readonly #variables: readonly BoundVariable[];
  readonly #query: QueryParameters | undefined;
  readonly #parse: (text: string, query: string) => Message;
  readonly #bodyField: DescField | undefined;

  constructor(binding: Binding, { json, rejectUnknownParameters }: BinderOptions) {
    const { method, body, variables, template } = binding;
    this.#message = method.input;
    this.#variables = variables.map((variable) => {
      const assign = textAssigner(variable.path);
      if (assign === undefined) throw new TypeError(`${variable.field} has a type that a path cannot express`);
      return { ...variable, ...placeOf(variable, template.segments), assign };
    });
    this.#bodyField = body === "*" ? undefined : body;
    const taken = variables.map(({ path }) => path);
    if (body !== "*") {
      const inBody: FieldPath[] = body === undefined ? [] : [[body]];
      this.#query = new QueryParameters(method.input, [...taken, ...inBody], rejectUnknownParameters);
    }
    this.body = body === undefined ? "none" : isHttpBody(body === "*" ? method.input : messageOf(body)) ? "raw" : "json";
    this.#parse = bodyParser(binding, json, (query, field) => this.#query?.names(query, field) ?? false);
  }

  /** @param body JSON text, or raw bytes for `google.api.HttpBody`; `undefined` without a body. */
  bind({ segments, query }: RequestTarget, body?: string | RawBody): Message {
    let message: Message;
    if (body === undefined || body === "") message = create(this.#message);
    else if (typeof body === "string") message = this.#parse(body, query);
    else message = this.#bindRaw(body);
    this.#assign(message, segments, query);
    return message;
  }

  /**
   * Binds a body that another codec parses.
   *
   * @throws HttpError 415 if the body is a field that is not a message.
   */
  bindParsed({ segments, query }: RequestTarget, type: string, parse: (schema: DescMessage) => Message): Message {
    const field = this.#bodyField;
    const schema = field === undefined ? this.#message : messageOf(field);
    if (schema === undefined)
      throw new HttpError(415, Code.INVALID_ARGUMENT, `the body is not a message, so it cannot be ${type}`, { accept: "application/json" });
    let message = parse(schema);
    if (field !== undefined) message = this.#withBody(field, message);
    this.#assign(message, segments, query);
    return message;
  }

  #withBody({ localName, oneof }: DescField, body: Message): Message {
    const message = create(this.#message) as Message & Record<string, unknown>;
    if (oneof === undefined) message[localName] = body;
    else message[oneof.localName] = { case: localName, value: body };
    return message;
  }

  #assign(message: Message, segments: readonly string[], query: string): void {
    if (query !== "" && this.#query !== undefined) this.#query.assign(message, query);
    for (const variable of this.#variables) variable.assign(message, captured(segments, variable));
  }

  #bindRaw({ contentType, data }: RawBody): Message {
    const body = create(HttpBodySchema, { contentType, data });
    return this.#bodyField === undefined ? body : this.#withBody(this.#bodyField, body);
  }
}

interface BoundVariable {
  /**
   * An index for `Array.slice`. It is negative, that is, from the end, for segments after a `**`.
   */
  readonly start: number;
  readonly end: number | undefined;
  readonly multiple: boolean;
  readonly path: FieldPath;
  readonly assign: TextAssigner;
}

/** The position of a variable's segments in a path. */
function placeOf({ start, end }: Variable, segments: readonly Segment[]): { start: number; end: number | undefined } {
  const deep = segments.indexOf("**");
  const { length } = segments;
  if (deep < 0 || end === undefined || end <= deep) return { start, end };
  return { start: start > deep ? start - length : start, end: end === length ? undefined : end - length };
}

/** @param names returns whether a query sets a field. */
function bodyParser(
  { method, verb, body }: Binding,
  options: JsonOptions,
  names: (query: string, field: DescField) => boolean,
): (text: string, query: string) => Message {
  if (body === undefined || body === "*") {
    const codec = jsonCodec(method.input, options);
    return (text) => parsed(() => codec.parse(text));
  }
  const codec = jsonFieldCodec(body, options);
  const mask = verb === "PATCH" ? updateMaskField(method.input) : undefined;
  const bodyMessage = messageOf(body);
  // The mask names the message, list or map around an ignored field, so the upstream would clear
  // it.
  const strict = jsonFieldCodec(body, { ...options, ignoreUnknownFields: false });
  return (text, query) => {
    const message = create(method.input);
    const derived = mask !== undefined && bodyMessage !== undefined && mask !== body && !names(query, mask);
    parsed(() => (derived ? strict : codec).parseInto(text, message));
    if (derived) deriveUpdateMask(message, mask, bodyMessage, JSON.parse(text));
    return message;
  };
}

/**
 * Parses JSON.
 *
 * @throws RpcError INVALID_ARGUMENT for invalid JSON, HttpError 413 for too many elements.
 */
export function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    if (error instanceof TooManyElementsError) throw new HttpError(413, Code.RESOURCE_EXHAUSTED, error.message);
    throw error.field === undefined
      ? new RpcError(Code.INVALID_ARGUMENT, error.message)
      : invalidField(
          error.field,
          error.message.startsWith(`${error.field}: `) ? error.message.slice(error.field.length + 2) : error.message,
        );
  }
}

/** The decoded value of a variable. A variable with several segments keeps `%2F` encoded. */
function captured(segments: readonly string[], { start, end, multiple, path }: BoundVariable): string {
  const raw = multiple ? segments.slice(start, end).join("/") : (segments.at(start) ?? "");
  if (!raw.includes("%")) return raw;
  try {
    if (!multiple) return decodeURIComponent(raw);
    return raw
      .split(/(%2F)/i)
      .map((part) => (/^%2F$/i.test(part) ? part : decodeURIComponent(part)))
      .join("");
  } catch {
    throw invalidField(formatPath(path), `${quote(raw)} is not percent-encoded UTF-8`);
  }
}

function messageOf(field: DescField): DescMessage | undefined {
  return field.fieldKind === "message" ? field.message : undefined;
}

/** Whether a message is a `google.api.HttpBody`, whose body has any content type. */
export function isHttpBody(message: DescMessage | undefined): boolean {
  return message?.typeName === HttpBodySchema.typeName;
}
