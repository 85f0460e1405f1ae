// The query cases of grpc-gateway and vanguard-go.
import { create, fromJson, type JsonObject, toJson } from "@bufbuild/protobuf";
import { Code, RpcError } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { resolveFieldPath } from "../src/fields/field-path.ts";
import { QueryParameters } from "../src/fields/query.ts";
import { queryCases, unknownParameters } from "./cases/query.ts";
import { vanguardQueries } from "./cases/vanguard.ts";
import { ThingSchema } from "./gen/things_pb.js";

function parse(query: string, taken: readonly string[] = [], rejectUnknown = true) {
  const paths = taken.map((path) => resolveFieldPath(ThingSchema, path)).filter((path) => path !== undefined);
  const message = create(ThingSchema);
  new QueryParameters(ThingSchema, paths, rejectUnknown).assign(message, query);
  return message;
}

const encode = (query: readonly (readonly [string, string])[]) =>
  query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");

test.each([...queryCases, ...vanguardQueries].map((one) => ({ ...one, text: encode(one.query).slice(0, 80) })))(
  "$text",
  ({ query, message, taken }) => {
    const act = () => parse(encode(query), taken);
    if (message === undefined) expect(act).toThrow(expect.objectContaining({ code: Code.INVALID_ARGUMENT }));
    else expect(toJson(ThingSchema, act())).toEqual(toJson(ThingSchema, fromJson(ThingSchema, message as JsonObject)));
  },
);

test.each(unknownParameters)("%s does not name a field: ignored, or rejected by option", (name) => {
  expect(parse(`${name}=1`, [], false)).toEqual(create(ThingSchema));
  expect(() => parse(`${name}=1`)).toThrow(RpcError);
});
