// What requests and responses carry: a message, a field of one, bytes of any type, or a stream of such.
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
    return { description: streams ? "As it is, in parts of any length." : "As it is.", content: { "*/*": {} } };
  }
  const { description, schema } = split(requestSchema(binding, schemas));
  const value = example?.body;
  if (streams) {
    const text = value === undefined ? {} : { example: `${JSON.stringify(value)}\n` };
    return { ...describe("One JSON value a line.", description), content: { "application/x-ndjson": { ...lines(schema), ...text } } };
  }
  const media: MediaType = { schema, ...(value === undefined ? {} : { example: value }) };
  return { ...describe(description), ...(isBodyRequired(binding) ? { required: true } : {}), content: { "application/json": media } };
}

/** No body at all is an empty message, or none. */
function isBodyRequired({ method, body, variables }: Binding): boolean {
  if (body !== "*") return body !== undefined && isRequired(body);
  return method.input.fields.some((field) => isRequired(field) && !variables.some(({ path }) => path[0] === field));
}

/** Of a request message, or what the body has of it. */
export function requestSchema({ body, method, variables }: Binding, schemas: Schemas): Schema {
  const paths = variables.map(({ path }) => path);
  if (body === undefined) return schemas.ofMessage(method.input);
  if (body === "*") return schemas.ofRest(method.input, paths);
  const below = paths.flatMap(([first, ...[second, ...rest]]) =>
    first === body && second !== undefined ? [[second, ...rest] as const] : [],
  );
  return schemas.ofRestOfField(body, below);
}

/** Of a response message, or the field of it that is the body. */
export function responseSchema({ method, responseBody }: Binding, schemas: Schemas): Schema {
  return responseBody === undefined ? schemas.ofMessage(method.output) : schemas.ofField(responseBody);
}

export function response(binding: Binding, schemas: Schemas, status: Schema): Response {
  const { method, responseBody } = binding;
  const streams = method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
  if (isRawBody(method.output, responseBody)) {
    return { description: streams ? "The parts, one after the other, as they are." : "The body, as it is.", content: { "*/*": {} } };
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
      "A stream, of the kind that `Accept` asks for; without, it is lines.",
      "",
      '- `application/x-ndjson`: a line a message, `{"result": …}`. If the call fails later on, the last line is `{"error": …}`.',
      `- \`text/event-stream\`: an event a message, with its JSON as \`data\`. The last event is \`end\`, or \`error\`, with a google.rpc.Status as \`data\`, if the call fails later on; its id is \`${lastEventId}\`.`,
      "- `application/json`: an array. If the call fails later on, the connection is broken off.",
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

/** OpenAPI 3.1 can describe only the whole of a body, which is text. */
function lines(schema: Schema): MediaType {
  return { schema: { type: "string", description: "One JSON value a line." }, "x-itemSchema": schema };
}

/** What a field's comment says stands with the body rather than in its schema. */
function split({ description, ...schema }: Schema): { description?: string; schema: Schema } {
  return "$ref" in schema && description !== undefined ? { description, schema } : { schema: { ...schema, ...describe(description) } };
}
