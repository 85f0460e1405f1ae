// Types for the subset of OpenAPI 3.1 that the gateway uses:
// https://spec.openapis.org/oas/v3.1.1.html

import type { JsonValue } from "@bufbuild/protobuf";

/** An OpenAPI document. `JSON.stringify` serializes it. */
export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string; description?: string };
  servers?: { url: string; description?: string }[];
  tags: Tag[];
  paths: Record<string, PathItem>;
  /** Authentication. The token is optional, because the upstream decides which calls need one. */
  security?: Record<string, string[]>[];
  components: {
    schemas: Record<string, Schema>;
    responses: Record<string, Response>;
    securitySchemes?: Record<string, { type: "http"; scheme: "bearer"; description?: string }>;
  };
  /** Operations that OpenAPI cannot represent: see {@link Unlisted}. */
  "x-unlisted"?: Unlisted[];
}

export interface Tag {
  name: string;
  description?: string;
}

/** The HTTP methods that OpenAPI 3.1 supports. */
export const httpMethods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"] as const;

export type PathItem = { [method in (typeof httpMethods)[number]]?: Operation } & {
  /** Operations of other HTTP methods. OpenAPI 3.2 adds `additionalOperations` for them. */
  "x-additionalOperations"?: Record<string, Operation>;
};

/**
 * An operation whose path OpenAPI cannot distinguish from another one, such as `{a}` and `{a=**}`.
 */
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
  /** The google.api.http path template, where it differs from the OpenAPI path. */
  "x-google-path-template"?: string;
  /** The full name of the gRPC method: `package.Service/Method`. */
  "x-grpc-method": string;
  /** The sides that send a stream. */
  "x-grpc-streaming"?: "client" | "server" | "bidi";
  /**
   * The messages of a WebSocket on the same path. A side that does not stream sends one message.
   */
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
  /** Whether the value may span several path segments. Its slashes are not percent-encoded. */
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
  /** A valid request body. */
  example?: JsonValue;
  /** The schema of each message of a stream. OpenAPI 3.2 adds `itemSchema` for it. */
  "x-itemSchema"?: Schema;
}

export interface Reference {
  $ref: string;
}

/** The subset of JSON Schema 2020-12 that the gateway uses. */
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
