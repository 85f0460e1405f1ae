// gapic-showcase's compliance suite for REST transcoding: each request of each group, by each of the group's methods and bindings.
import { create, equals, fromBinary, fromJson, fromJsonString, type JsonObject, toBinary } from "@bufbuild/protobuf";
import { Code, implement, RpcError } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { bindingsOf } from "../src/http-rule/rule.ts";
import suite from "./cases/compliance.json" with { type: "json" };
import { encodeRequest } from "./encode-request.ts";
import { startGateway, ways } from "./gateway.ts";
import {
  Compliance,
  ComplianceDataSchema,
  ComplianceSuiteSchema,
  Continent,
  type EnumResponse,
  EnumResponseSchema,
  type RepeatRequest,
  RepeatResponseSchema,
} from "./gen/compliance_pb.js";

const { group: groups } = fromJson(ComplianceSuiteSchema, { group: suite.group } as JsonObject);
// Enums are open, which their types do not say.
const unknown = -7 as Continent;

/** As showcase's server has it: what it gets must be what the suite says. */
function repeat(request: RepeatRequest) {
  const expected = groups.flatMap(({ requests }) => requests).find(({ name }) => name === request.name);
  const info = (of: RepeatRequest | undefined) => of?.info ?? create(ComplianceDataSchema);
  if (!equals(ComplianceDataSchema, info(request), info(expected))) {
    throw new RpcError(Code.INVALID_ARGUMENT, `the contents of request "${request.name}" are not those of the suite`);
  }
  return { request };
}

const implementation = implement(Compliance, {
  repeatDataBody: repeat,
  repeatDataBodyInfo: repeat,
  repeatDataBodyPatch: repeat,
  repeatDataBodyPut: repeat,
  repeatDataPathResource: repeat,
  repeatDataPathTrailingResource: repeat,
  repeatDataQuery: repeat,
  repeatDataSimplePath: repeat,
  getEnum: (request) => ({ request, continent: request.unknownEnum ? unknown : Continent.EUROPE }),
  verifyEnum(response) {
    if (response.continent !== (response.request?.unknownEnum ? unknown : Continent.EUROPE))
      throw new RpcError(Code.INVALID_ARGUMENT, "not that one");
    return response;
  },
});

const cases = groups.flatMap(({ name, rpcs, requests }) =>
  rpcs.flatMap((rpc) => requests.flatMap((request) => ways.map((way) => ({ group: name, rpc, name: request.name, request, way })))),
);

test.each(cases)("$way: $group: $rpc: $name", async ({ rpc, request, way }) => {
  const { url } = await startGateway(implementation, { way });
  const method = Compliance.methods.find(({ name }) => rpc.endsWith(`.${name}`));
  if (method === undefined) throw new Error(`there is no ${rpc}`);
  const { intendedBindingUri } = request;
  const binding = bindingsOf(method).find(({ template }) => intendedBindingUri === undefined || template.text === intendedBindingUri);
  const encoded = binding && encodeRequest(binding, request);
  if (encoded === undefined) throw new Error(`${rpc} has no request for it`);
  const response = await fetch(`${url}${encoded.path}?${encoded.query}`, {
    method: encoded.method,
    ...(encoded.body && { body: encoded.body, headers: { "content-type": "application/json" } }),
  });
  const text = await response.text();
  expect(text).not.toContain('"code"');
  expect(response.status).toBe(200);
  // A float's JSON is the shortest text of that float; that it is the same float shows in its bytes.
  const answer = toBinary(RepeatResponseSchema, fromJsonString(RepeatResponseSchema, text));
  expect(fromBinary(RepeatResponseSchema, answer)).toEqual(create(RepeatResponseSchema, { request }));
});

test.each([true, false])("an enum goes there and back, unknown: %s", async (unknownEnum) => {
  const { url } = await startGateway(implementation);
  const got = await (await fetch(`${url}/v1beta1/compliance/enum?unknown_enum=${unknownEnum}`)).text();
  const answer: EnumResponse = fromJsonString(EnumResponseSchema, got);
  const [binding] = bindingsOf(Compliance.method.verifyEnum);
  // An empty `request` is nothing that a query could say.
  const { continent, request } = answer;
  const encoded = binding && encodeRequest(binding, create(EnumResponseSchema, { continent, ...(unknownEnum && request && { request }) }));
  const verified = await fetch(`${url}${encoded?.path}?${encoded?.query}`, { method: "POST" });
  expect(verified.status).toBe(200);
  expect(fromJsonString(EnumResponseSchema, await verified.text()).continent).toBe(unknownEnum ? unknown : Continent.EUROPE);
});
