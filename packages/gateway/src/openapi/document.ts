// The parts of an OpenAPI 3.1 document that a gateway needs, as types: https://spec.openapis.org/oas/v3.1.1.html

import type { JsonValue } from "@bufbuild/protobuf";

export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string; description?: string };
  servers?: { url: string; description?: string }[];
  tags: Tag[];
  paths: Record<string, PathItem>;
  /** Which calls need a token: those that the upstream refuses without one. */
  security?: Record<string, string[]>[];
  components: {
    schemas: Record<string, Schema>;
    responses: Record<string, Response>;
    securitySchemes?: Record<string, { type: "http"; scheme: "bearer"; description?: string }>;
  };
  /** What can be called, and yet has no place in a document: see {@link Unlisted}. */
  "x-unlisted"?: Unlisted[];
}

export interface Tag {
  name: string;
  description?: string;
}

/** The methods that a path can have in OpenAPI 3.1. */
export const httpMethods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"] as const;

export type PathItem = { [method in (typeof httpMethods)[number]]?: Operation } & {
  /** Operations of other HTTP methods: OpenAPI has `additionalOperations` for them from 3.2 on. */
  "x-additionalOperations"?: Record<string, Operation>;
};

/** An operation whose path is, to OpenAPI, that of another one: there `{a}` and `{a=**}` are the same. */
export interface Unlisted {
  reason: string;
  method: string;
  path: string;
  operation: Operation;
}

export interface Operation {
  operationId: string;
  tags: string[];
  summary?: string;
  description?: string;
  deprecated?: boolean;
  parameters?: Parameter[];
  requestBody?: RequestBody;
  responses: Record<string, Response | Reference>;
  /** The path as google.api.http writes it, where OpenAPI has to write it differently. */
  "x-google-path-template"?: string;
  /** The full name of the gRPC method: `package.Service/Method`. */
  "x-grpc-method": string;
  /** Which sides send a stream. */
  "x-grpc-streaming"?: "client" | "server" | "bidi";
  /** What each text frame of a WebSocket on the same path is; a side that sends no stream sends one. */
  "x-websocket"?: { request: Schema; response: Schema };
}

export interface Parameter {
  name: string;
  in: "path" | "query";
  required?: boolean;
  description?: string;
  deprecated?: boolean;
  style?: "form" | "deepObject";
  explode?: boolean;
  schema: Schema;
  example?: JsonValue;
  /** Whether the value may be several segments of the path: its slashes are sent as they are. */
  "x-multi-segment"?: true;
}

export interface RequestBody {
  description?: string;
  required?: boolean;
  content: Record<string, MediaType>;
}

export interface Response {
  description: string;
  content?: Record<string, MediaType>;
}

export interface MediaType {
  schema?: Schema;
  /** A body that can be sent as it stands. */
  example?: JsonValue;
  /** What each of many in a row is: OpenAPI has `itemSchema` for that from 3.2 on. */
  "x-itemSchema"?: Schema;
}

export interface Reference {
  $ref: string;
}

/** JSON Schema 2020-12, as far as it is used here. */
export interface Schema {
  $ref?: string;
  type?: SchemaType | SchemaType[];
  format?: string;
  description?: string;
  deprecated?: boolean;
  readOnly?: boolean;
  writeOnly?: boolean;
  examples?: Json[];
  enum?: Json[];
  const?: Json;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  contentEncoding?: "base64";
  contentMediaType?: string;
  contentSchema?: Schema;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  properties?: Record<string, Schema>;
  required?: string[];
  propertyNames?: Schema;
  additionalProperties?: Schema | boolean;
  minProperties?: number;
  maxProperties?: number;
  dependentSchemas?: Record<string, Schema>;
  anyOf?: Schema[];
  allOf?: Schema[];
  not?: Schema;
}

export type SchemaType = "string" | "number" | "integer" | "boolean" | "object" | "array" | "null";

export type Json = string | number | boolean | null;
