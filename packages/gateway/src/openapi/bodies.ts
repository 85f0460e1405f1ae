// The schemas of request and response bodies: a message, one of its fields, raw bytes, or a stream
// of these.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { isHttpBody } from "../fields/bind-request.ts";
import type { Binding } from "../http-rule/rule.ts";
import { lastEventId } from "../kinds/response-format.ts";
import { isRequired } from "./constraints.ts";
import type { MediaType, RequestBody, Response, Schema } from "./document.ts";
import type { Example } from "./example.ts";
import type { Schemas } from "./schemas.ts";
import { describe } from "./text.ts";

export function requestBody(binding: Binding, schemas: Schemas, example: Example | undefined): RequestBody | undefined {
  const { method, body } = binding;
  if (body === undefined) return undefined;
  const message = body === "*" ? method.input : body.message;
  const streams = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
  if (isHttpBody(message) && (body === "*" || body.fieldKind === "message")) {
    return { description: streams ? "Raw bytes, in chunks of any length." : "Raw bytes.", content: { "*/*": {} } };
  }
  const { description, schema } = split(requestSchema(binding, schemas));
  const value = example?.body;
  if (streams) {
    const text = value === undefined ? {} : { example: `${JSON.stringify(value)}\n` };
    return { ...describe("One JSON value per line.", description), content: { "application/x-ndjson": { ...lines(schema), ...text } } };
  }
  const media: MediaType = { schema, ...(value === undefined ? {} : { example: value }) };
  return { ...describe(description), ...(isBodyRequired(binding) ? { required: true } : {}), content: { "application/json": media } };
}

/** A missing body is an empty message, or an unset field. */
function isBodyRequired({ method, body, variables }: Binding): boolean {
  if (body !== "*") return body !== undefined && isRequired(body);
  return method.input.fields.some((field) => isRequired(field) && !variables.some(({ path }) => path[0] === field));
}

/** The schema of the request body: the message without its path variables, or one field. */
export function requestSchema({ body, method, variables }: Binding, schemas: Schemas): Schema {
  const paths = variables.map(({ path }) => path);
  if (body === undefined) return schemas.ofMessage(method.input);
  if (body === "*") return schemas.ofRest(method.input, paths);
  const below = paths.flatMap(([first, ...[second, ...rest]]) =>
    first === body && second !== undefined ? [[second, ...rest] as const] : [],
  );
  return schemas.ofRestOfField(body, below);
}

/** The schema of the response body: the message, or one field. */
export function responseSchema({ method, responseBody }: Binding, schemas: Schemas): Schema {
  return responseBody === undefined ? schemas.ofMessage(method.output) : schemas.ofField(responseBody);
}

export function response(binding: Binding, schemas: Schemas, status: Schema): Response {
  const { method, responseBody } = binding;
  const streams = method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
  if (isRawBody(method.output, responseBody)) {
    return { description: streams ? "Raw bytes, in chunks." : "Raw bytes.", content: { "*/*": {} } };
  }
  const { description = "OK", schema } = split(responseSchema(binding, schemas));
  if (!streams) return { description, content: { "application/json": { schema } } };
  const line: Schema = {
    type: "object",
    properties: { result: schema, error: status },
    anyOf: [{ required: ["result"] }, { required: ["error"] }],
  };
  return {
    description: [
      "A stream in the format that `Accept` selects. Default: `application/x-ndjson`.",
      "",
      '- `application/x-ndjson`: one line for each message, `{"result": …}`. If the call fails after the first message, the last line is `{"error": …}`.',
      `- \`text/event-stream\`: one event for each message, with its JSON as \`data\`. The last event is \`end\`, or, if the call fails, \`error\` with a google.rpc.Status as \`data\`; its id is \`${lastEventId}\`.`,
      "- `application/json`: one array. If the call fails after the first message, the connection is closed before the end of the array.",
    ].join("\n"),
    content: {
      "application/x-ndjson": lines(line),
      "text/event-stream": {
        schema: { type: "string" },
        "x-itemSchema": { type: "string", contentMediaType: "application/json", contentSchema: schema },
      },
      "application/json": { schema: { type: "array", items: schema } },
    },
  };
}

function isRawBody(output: DescMessage, field: DescField | undefined): boolean {
  return field === undefined ? isHttpBody(output) : field.fieldKind === "message" && isHttpBody(field.message);
}

/** OpenAPI 3.1 can only describe such a body as text. */
function lines(schema: Schema): MediaType {
  return { schema: { type: "string", description: "One JSON value per line." }, "x-itemSchema": schema };
}

/** Separates the description of a field from its schema if the schema is a reference. */
function split({ description, ...schema }: Schema): { description?: string; schema: Schema } {
  return "$ref" in schema && description !== undefined ? { description, schema } : { schema: { ...schema, ...describe(description) } };
}
