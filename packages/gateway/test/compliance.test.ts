// Runs gapic-showcase's compliance suite for REST transcoding: each request of a group with each
// method and binding of the group.
import { create, equals, fromBinary, fromJson, fromJsonString, type JsonObject, toBinary } from "@bufbuild/protobuf";
import { Code, implement, RpcError } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { bindingsOf } from "../src/http-rule/rule.ts";
import suite from "./cases/compliance.json" with { type: "json" };
import { encodeRequest } from "./encode-request.ts";
import { startGateway, transports } from "./gateway.ts";
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
// Enums are open, but their types are not.
const unknown = -7 as Continent;

/** Like gapic-showcase's server: the received request must equal the one in the suite. */
function repeat(request: RepeatRequest) {
  const expected = groups.flatMap(({ requests }) => requests).find(({ name }) => name === request.name);
  const info = (of: RepeatRequest | undefined) => of?.info ?? create(ComplianceDataSchema);
  if (!equals(ComplianceDataSchema, info(request), info(expected))) {
    throw new RpcError(Code.INVALID_ARGUMENT, `the contents of request "${request.name}" differ from the suite`);
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
      throw new RpcError(Code.INVALID_ARGUMENT, "unexpected continent");
    return response;
  },
});

const cases = groups.flatMap(({ name, rpcs, requests }) =>
  rpcs.flatMap((rpc) =>
    requests.flatMap((request) => transports.map((transport) => ({ group: name, rpc, name: request.name, request, transport }))),
  ),
);

test.each(cases)("$transport: $group: $rpc: $name", async ({ rpc, request, transport }) => {
  const { url } = await startGateway(implementation, { transport });
  const method = Compliance.methods.find(({ name }) => rpc.endsWith(`.${name}`));
  if (method === undefined) throw new Error(`unknown method ${rpc}`);
  const { intendedBindingUri } = request;
  const binding = bindingsOf(method).find(({ template }) => intendedBindingUri === undefined || template.text === intendedBindingUri);
  const encoded = binding && encodeRequest(binding, request);
  if (encoded === undefined) throw new Error(`${rpc} cannot express the request`);
  const response = await fetch(`${url}${encoded.path}?${encoded.query}`, {
    method: encoded.method,
    ...(encoded.body && { body: encoded.body, headers: { "content-type": "application/json" } }),
  });
  const text = await response.text();
  expect(text).not.toContain('"code"');
  expect(response.status).toBe(200);
  // JSON has the shortest text of a float. Encoding the response again rounds it to the float.
  const bytes = toBinary(RepeatResponseSchema, fromJsonString(RepeatResponseSchema, text));
  expect(fromBinary(RepeatResponseSchema, bytes)).toEqual(create(RepeatResponseSchema, { request }));
});

test.each([true, false])("an enum survives a round trip, unknown: %s", async (unknownEnum) => {
  const { url } = await startGateway(implementation);
  const text = await (await fetch(`${url}/v1beta1/compliance/enum?unknown_enum=${unknownEnum}`)).text();
  const response: EnumResponse = fromJsonString(EnumResponseSchema, text);
  const [binding] = bindingsOf(Compliance.method.verifyEnum);
  // A query cannot express an empty `request`.
  const { continent, request } = response;
  const encoded = binding && encodeRequest(binding, create(EnumResponseSchema, { continent, ...(unknownEnum && request && { request }) }));
  const verified = await fetch(`${url}${encoded?.path}?${encoded?.query}`, { method: "POST" });
  expect(verified.status).toBe(200);
  expect(fromJsonString(EnumResponseSchema, await verified.text()).continent).toBe(unknownEnum ? unknown : Continent.EUROPE);
});
