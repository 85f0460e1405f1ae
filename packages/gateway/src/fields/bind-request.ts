// From an HTTP request to a message: its body first, then its query, then its path, which wins.
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

export interface RequestParts {
  /** Of the path, percent-encoded. */
  readonly segments: readonly string[];
  /** Without its question mark; empty if there is none. */
  readonly query: string;
}

export interface RawBody {
  readonly contentType: string;
  readonly data: Uint8Array;
}

export interface BinderOptions {
  readonly json: JsonOptions;
  readonly refuseUnknownParameters: boolean;
}

/** Puts requests together, by one binding. What does not fit throws INVALID_ARGUMENT. */
export class RequestBinder {
  /** What the body is: nothing, JSON, or (`google.api.HttpBody`) anything. */
  readonly body: "none" | "json" | "raw";
  readonly #message: DescMessage;
  readonly #variables: readonly BoundVariable[];
  readonly #query: QueryParameters | undefined;
  readonly #parse: (text: string, query: string) => Message;
  readonly #bodyField: DescField | undefined;

  constructor(binding: Binding, { json, refuseUnknownParameters }: BinderOptions) {
    const { method, body, variables, template } = binding;
    this.#message = method.input;
    this.#variables = variables.map((variable) => {
      const assign = textAssigner(variable.path);
      if (assign === undefined) throw new TypeError(`${variable.field} cannot be in a path`);
      return { ...variable, ...placeOf(variable, template.segments), assign };
    });
    this.#bodyField = body === "*" ? undefined : body;
    const taken = variables.map(({ path }) => path);
    if (body !== "*") {
      const inBody: FieldPath[] = body === undefined ? [] : [[body]];
      this.#query = new QueryParameters(method.input, [...taken, ...inBody], refuseUnknownParameters);
    }
    this.body = body === undefined ? "none" : isHttpBody(body === "*" ? method.input : messageOf(body)) ? "raw" : "json";
    this.#parse = bodyParser(binding, json, (query, field) => this.#query?.names(query, field) ?? false);
  }

  /** @param body its JSON, or its bytes if it may be anything; undefined if there is none. */
  bind({ segments, query }: RequestParts, body?: string | RawBody): Message {
    let message: Message;
    if (body === undefined || body === "") message = create(this.#message);
    else if (typeof body === "string") message = this.#parse(body, query);
    else message = this.#bindRaw(body);
    if (query !== "" && this.#query !== undefined) this.#query.assign(message, query);
    for (const variable of this.#variables) variable.assign(message, captured(segments, variable));
    return message;
  }

  #bindRaw({ contentType, data }: RawBody): Message {
    const body = create(HttpBodySchema, { contentType, data });
    if (this.#bodyField === undefined) return body;
    const message = create(this.#message) as Message & Record<string, unknown>;
    const { localName, oneof } = this.#bodyField;
    if (oneof === undefined) message[localName] = body;
    else message[oneof.localName] = { case: localName, value: body };
    return message;
  }
}

interface BoundVariable {
  /** As `Array.slice` takes them: negative if counted from the end of the path, which a `**` has made longer or shorter. */
  readonly start: number;
  readonly end: number | undefined;
  readonly multiple: boolean;
  readonly path: FieldPath;
  readonly assign: TextAssigner;
}

/** Where a variable's segments are in a path. */
function placeOf({ start, end }: Variable, segments: readonly Segment[]): { start: number; end: number | undefined } {
  const deep = segments.indexOf("**");
  const { length } = segments;
  if (deep < 0 || end === undefined || end <= deep) return { start, end };
  return { start: start > deep ? start - length : start, end: end === length ? undefined : end - length };
}

/** @param names whether a query sets a field. */
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
  // A field that is ignored, and the message, list or map around it named by the mask: the upstream would clear what nobody meant.
  const strict = jsonFieldCodec(body, { ...options, ignoreUnknownFields: false });
  return (text, query) => {
    const message = create(method.input);
    const derived = mask !== undefined && bodyMessage !== undefined && mask !== body && !names(query, mask);
    parsed(() => (derived ? strict : codec).parseInto(text, message));
    if (derived) deriveUpdateMask(message, mask, bodyMessage, JSON.parse(text));
    return message;
  };
}

function parsed<T>(parse: () => T): T {
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

/** What a variable stands for in a path: decoded, but for the `%2F` of one that has several segments. */
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

/** Whether a message is a body of its own, of any type. */
export function isHttpBody(message: DescMessage | undefined): boolean {
  return message?.typeName === HttpBodySchema.typeName;
}
