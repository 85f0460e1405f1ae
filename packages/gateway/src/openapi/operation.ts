// The OpenAPI operation of one binding.
import type { DescMethod } from "@bufbuild/protobuf";
import type { FieldPath } from "../fields/field-path.ts";
import type { Binding } from "../http-rule/rule.ts";
import { requestBody, requestSchema, response, responseSchema } from "./bodies.ts";
import type { Comments } from "./comments.ts";
import type { Operation, Schema } from "./document.ts";
import { exampleOf } from "./example.ts";
import { fieldName, pathParameters, queryParameters } from "./parameters.ts";
import type { OpenApiPath } from "./paths.ts";
import type { Schemas } from "./schemas.ts";
import { describe, firstSentence } from "./text.ts";

export interface OperationContext {
  readonly operationId: string;
  readonly tag: string;
  readonly path: OpenApiPath;
  readonly schemas: Schemas;
  readonly comments: Comments;
  /** The schema of google.rpc.Status. */
  readonly status: Schema;
}

export function operationOf(binding: Binding, { operationId, tag, path, schemas, comments, status }: OperationContext): Operation {
  const { method, verb, template } = binding;
  const comment = comments.of(method);
  const summary = firstSentence(comment);
  const example = exampleOf(binding, schemas.fieldNames);
  const query = queryParameters(binding, schemas, example);
  const parameters = [...pathParameters(binding, path, schemas, example), ...query.parameters];
  const body = requestBody(binding, schemas, example);
  const names = (paths: readonly FieldPath[]) => paths.map((path) => `\`${fieldName(path, schemas)}\``).join(", ");
  const streaming = streamingOf(method);

  const operation: Operation = {
    operationId,
    tags: [tag],
    ...(summary === undefined ? {} : { summary }),
    ...describe(
      comment,
      verb === "*" ? "Accepts any HTTP method." : undefined,
      query.unlisted.length > 0 ? `Nested fields of ${names(query.unlisted)} are not listed. They can be set in the same way.` : undefined,
      query.unsupported.length > 0 ? `These fields cannot be set in a query: ${names(query.unsupported)}.` : undefined,
      streaming === "bidi" ? "Both sides may send at any time, over HTTP/2 or a WebSocket." : undefined,
      streaming === undefined ? undefined : webSocketNote,
    ),
    ...(isDeprecated(method) ? { deprecated: true } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: { "200": response(binding, schemas, status), default: { $ref: "#/components/responses/Error" } },
    "x-grpc-method": `${method.parent.typeName}/${method.name}`,
  };
  if (path.text !== template.text) operation["x-google-path-template"] = template.text;
  if (streaming !== undefined) operation["x-grpc-streaming"] = streaming;
  if (streaming !== undefined)
    operation["x-websocket"] = { request: requestSchema(binding, schemas), response: responseSchema(binding, schemas) };
  return operation;
}

const webSocketNote =
  "As a WebSocket on the same path, each text frame is a message in JSON. An empty frame is a half-close. The gateway closes with 1000, " +
  "or, if the call fails, with 4000 + the gRPC status code.";

function isDeprecated({ deprecated, parent, proto }: DescMethod): boolean {
  return deprecated || parent.deprecated || proto.options?.deprecated === true;
}

function streamingOf({ methodKind }: DescMethod): Operation["x-grpc-streaming"] {
  if (methodKind === "client_streaming") return "client";
  if (methodKind === "server_streaming") return "server";
  return methodKind === "bidi_streaming" ? "bidi" : undefined;
}
