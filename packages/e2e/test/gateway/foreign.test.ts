// The command in front of foreign servers, with rules of every kind. Requests and responses match
// grpc-gateway v2; packages/gateway/test/cases/differences.md explains the differences. The
// expectations come from grpc-gateway's own tests (github.com/grpc-ecosystem/grpc-gateway,
// examples/internal/integration/integration_test.go at 08177fb3; a case names its test), without
// EmitUnpopulated.
import { readFile } from "node:fs/promises";
import { ReflectionService } from "@grpc/reflection";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatewayMain } from "../harness/paths.ts";
import { run } from "../harness/process.ts";
import { Folder } from "../security/certificates.ts";
import { type GatewayProcess, startGateway } from "./gateways.ts";
import { askHttp1, type Question } from "./http.ts";
import { buildMuseum, loadMuseum, type Museum, picture, serveMuseum, serveReflected } from "./museum.ts";

/** Disposed after the tests of this file. */
const started = new AsyncDisposableStack();

let folder: Folder;
let descriptors: string;
let museum: Museum;
let gateway: GatewayProcess;

beforeAll(async () => {
  folder = started.use(await Folder.make());
  descriptors = await buildMuseum(folder);
  museum = started.use(await serveMuseum());
  gateway = started.use(await startGateway(museum.address, ["--descriptors", descriptors]));
});

afterAll(() => started.disposeAsync());

const exhibit = (name: string) =>
  `{"name":"${name}","catalogueTitle":"Nike","style":"GOTHIC","labels":["winged","胜利"],"inventoryNumber":"9007199254740993","made":"1970-01-01T00:00:00.500Z","height":2.44}`;

interface Case extends Question {
  readonly title: string;
  readonly path: string;
  readonly status?: number;
  readonly answer: string;
}

const json = { "content-type": "application/json" };

const cases: readonly Case[] = [
  // Paths.
  { title: "a variable with a template", path: "/v1/halls/1/exhibits/2", answer: exhibit("halls/1/exhibits/2") },
  { title: "an additional binding (testAdditionalBindings)", path: "/v1/exhibits/2", answer: exhibit("2") },
  { title: "an escaped character in one segment", path: "/v1/exhibits/a%20b%E5%8D%95", answer: exhibit("a b单") },
  { title: "a colon without a verb after it", path: "/v1/exhibits/a:b", answer: exhibit("a:b") },
  { title: "a verb, and response_body (testResponseStrings)", path: "/v1/exhibits/2:labels", answer: '["winged","胜利"]' },
  { title: "a custom kind, and **", method: "SEARCH", path: "/v1/any/where/at/all", answer: exhibit("any/where/at/all") },
  {
    title: "an unknown path (TestUnknownPath)",
    path: "/v2/halls",
    status: 404,
    answer: '{"code":5,"message":"no route matches /v2/halls","details":[]}',
  },
  {
    title: "a method that the path does not allow (TestMethodNotAllowed)",
    method: "POST",
    path: "/v1/exhibits/2",
    status: 405,
    answer: '{"code":12,"message":"the method POST is not allowed, expected one of: GET, HEAD, OPTIONS, SEARCH","details":[]}',
  },
  // Queries. The server returns the request that it decoded, as protobufjs JSON.
  ...Object.entries({
    "a_double=-1.5e3": '{"a_double":-1500}',
    "a_double=NaN": '{"a_double":null}',
    "a_double=Infinity": '{"a_double":null}',
    "a_float=0.5": '{"a_float":0.5}',
    "an_int32=-2147483648": '{"an_int32":-2147483648}',
    "an_int64=-9223372036854775808": '{"an_int64":"-9223372036854775808"}',
    "a_uint32=4294967295": '{"a_uint32":4294967295}',
    "a_uint64=18446744073709551615": '{"a_uint64":"18446744073709551615"}',
    "a_sint32=-1": '{"a_sint32":-1}',
    "a_sint64=-9007199254740993": '{"a_sint64":"-9007199254740993"}',
    "a_fixed32=7": '{"a_fixed32":7}',
    "a_fixed64=18446744073709551615": '{"a_fixed64":"18446744073709551615"}',
    "a_sfixed32=-7": '{"a_sfixed32":-7}',
    "a_sfixed64=-7": '{"a_sfixed64":"-7"}',
    "a_bool=true": '{"a_bool":true}',
    "a_string=a+b%2Bc%26%E5%8D%95": '{"a_string":"a b+c&单"}',
    "aString=lowerCamel": '{"a_string":"lowerCamel"}',
    "a_bytes=_-8%3D": '{"a_bytes":{"type":"Buffer","data":[255,239]}}',
    "a_bytes=%2F%2B8%3D": '{"a_bytes":{"type":"Buffer","data":[255,239]}}',
    "style=BAROQUE": '{"style":"BAROQUE"}',
    "style=2": '{"style":"BAROQUE"}',
    "place.hall=1&place.floor=2": '{"place":{"hall":"1","floor":2}}',
    "numbers=1&numbers=2&numbers=-3": '{"numbers":[1,2,-3]}',
    "styles=GOTHIC&styles=2": '{"styles":["GOTHIC","BAROQUE"]}',
    "counts[a]=1&counts[b.c]=2": '{"counts":{"a":1,"b.c":2}}',
    "left=a": '{"left":"a"}',
    "since=2024-02-29T12:00:00.5Z": '{"since":{"seconds":"1709208000","nanos":500000000}}',
    "since=2024-02-29T13:00:00%2B01:00": '{"since":{"seconds":"1709208000"}}',
    "within=-1.5s": '{"within":{"seconds":"-1","nanos":-500000000}}',
    "mask=labels,height": '{"mask":{"paths":["labels","height"]}}',
    "wrapped=9007199254740993": '{"wrapped":{"value":"9007199254740993"}}',
    "wrapped_bool=true": '{"wrapped_bool":{"value":true}}',
    "wrapped_string=": '{"wrapped_string":{}}',
    "wrapped_bytes=AA%3D%3D": '{"wrapped_bytes":{"value":{"type":"Buffer","data":[0]}}}',
    "perhaps=0": '{"perhaps":0}',
    "nothing=1&aString=known": '{"a_string":"known"}',
  }).map(([query, seen]) => ({ title: `the query ${query}`, path: `/v1/search?${query}`, answer: JSON.stringify({ seen }) })),
  ...[
    "an_int32=1.5",
    "an_int64=9223372036854775808",
    "a_bool=maybe",
    "style=RUSTIC",
    "since=yesterday",
    "within=1",
    "a_bytes=%25",
    "left=a&right=b",
  ].map((query) => ({
    title: `the query ${query} (TestInvalidArgument)`,
    path: `/v1/search?${query}`,
    status: 400,
    answer: expect.stringMatching(/^\{"code":3,"message":"[^"\\]*(?:\\.[^"\\]*)*","details":\[.*\]\}$/),
  })),
  // Bodies.
  {
    title: "a body with the whole request and a nested path variable: the path wins",
    method: "POST",
    path: "/v1/search/hall%2F1?a_string=query",
    headers: json,
    body: '{"place":{"hall":"body","floor":3},"anInt32":4,"an_int64":"5","unknown":[]}',
    answer: JSON.stringify({ seen: '{"an_int32":4,"an_int64":"5","place":{"hall":"hall/1","floor":3}}' }),
  },
  {
    title: "a body with one field, and the others in the query",
    method: "POST",
    path: "/v1/halls/1/exhibits?request_id=7&exhibit.name=query",
    headers: json,
    body: '{"catalogueTitle":"Pietà","part":{"height":1}}',
    answer: '{"catalogueTitle":"Pietà","part":{"height":1}}',
  },
  { title: "no body (TestPostWithEmptyBody)", method: "POST", path: "/v1/halls/1/exhibits", headers: json, answer: "{}" },
  {
    title: "a body with a verb",
    method: "POST",
    path: "/v1/halls/1/exhibits/2:move",
    headers: json,
    body: '{"hall":"3"}',
    answer: '{"name":"halls/1/exhibits/2","hall":"3"}',
  },
  {
    title: "PATCH with the mask derived from the body (TestABEPatch)",
    method: "PATCH",
    path: "/v1/halls/1/exhibits/2",
    headers: json,
    body: '{"catalogueTitle":"Nike of Samothrace","part":{"height":2,"labels":[]},"style":null}',
    answer:
      '{"exhibit":{"name":"halls/1/exhibits/2","catalogueTitle":"Nike of Samothrace","part":{"height":2}},"updateMask":"catalogueTitle,part.height,part.labels,style"}',
  },
  {
    title: "PATCH with an explicit mask (TestABEPatchBody)",
    method: "PATCH",
    path: "/v1/halls/1/exhibits/2?update_mask=height",
    headers: json,
    body: '{"catalogueTitle":"Nike","height":3}',
    answer: '{"exhibit":{"name":"halls/1/exhibits/2","catalogueTitle":"Nike","height":3},"updateMask":"height"}',
  },
  {
    title: "PUT without a mask",
    method: "PUT",
    path: "/v1/halls/1/exhibits/2",
    headers: json,
    body: '{"height":3}',
    answer: '{"exhibit":{"name":"halls/1/exhibits/2","height":3}}',
  },
  { title: "an empty response", method: "DELETE", path: "/v1/halls/1/exhibits/2", answer: "{}" },
  // Errors.
  {
    title: "an error with its details (TestErrorWithDetails)",
    path: "/v1/exhibits/missing",
    status: 404,
    answer:
      '{"code":5,"message":"no such exhibit","details":[{"@type":"type.googleapis.com/google.rpc.ResourceInfo","resourceType":"exhibit","resourceName":"missing"}]}',
  },
  {
    title: "a deadline (TestTimeout)",
    path: "/v1/wait?seconds=20",
    headers: { "grpc-timeout": "10m" },
    status: 504,
    // The server has the same deadline, and may report it first.
    answer: expect.stringMatching(/^\{"code":4,"message":"[dD]eadline exceeded","details":\[\]\}$/),
  },
];

describe("grpc-js and proto-loader, with a descriptor set", () => {
  test.each(cases)("$title", async ({ path, status = 200, answer, method, headers, body }) => {
    const question = { ...(method && { method }), ...(headers && { headers }), ...(body !== undefined && { body }) };
    const answered = await askHttp1(gateway.url + path, question);
    expect({ status: answered.status, body: answered.body }).toEqual({ status, body: answer });
    expect(answered.headers["content-type"]).toMatch(/^application\/json\b/);
  });

  test("an HttpBody response is sent as its bytes and content type", async () => {
    const response = await fetch(`${gateway.url}/v1/pictures/a/b.gif`);
    expect(response.headers.get("content-type")).toBe("image/gif");
    expect(Buffer.from(await response.arrayBuffer())).toEqual(picture);
  });

  test("a request body becomes an HttpBody with its bytes and content type", async () => {
    const response = await fetch(`${gateway.url}/v1/pictures/a/b.gif`, {
      method: "PUT",
      body: picture,
      headers: { "content-type": "image/gif" },
    });
    const { seen } = (await response.json()) as { seen: string };
    expect(JSON.parse(seen)).toEqual({ path: "a/b.gif", picture: { content_type: "image/gif", data: picture.toJSON() } });
  });

  test("maps headers to metadata and metadata to headers (testABELookup)", async () => {
    const headers = {
      authorization: "Bearer abc",
      "grpc-metadata-colour": "red",
      "grpc-metadata-key-bin": "AQI=",
      cookie: "not forwarded",
    };
    const { headers: answered } = await askHttp1(`${gateway.url}/v1/exhibits/metadata`, { headers });
    expect(answered).toMatchObject({ "grpc-metadata-hall": "1", "grpc-trailer-cost": "2" });
    expect(museum.metadata).toContainEqual(
      expect.objectContaining({
        authorization: "Bearer abc",
        colour: "red",
        "key-bin": Buffer.of(1, 2),
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-host": new URL(gateway.url).host,
      }),
    );
    for (const one of museum.metadata) expect(one).not.toHaveProperty("cookie");
  });
});

describe("reflection", () => {
  const serveReflecting = () => serveMuseum((server) => new ReflectionService(loadMuseum()).addToServer(server));

  test("of @grpc/reflection needs --rules, because it sends no options", async () => {
    await using server = await serveReflecting();
    const rules = await folder.write(
      "rules.json",
      JSON.stringify({
        http: {
          rules: [
            { selector: "museum.v1.Museum.GetExhibit", get: "/v1/exhibits/{name}" },
            { selector: "museum.v1.Museum.Search", get: "/v1/search" },
          ],
        },
      }),
    );
    await using front = await startGateway(server.address, ["--reflection", "--rules", rules]);
    expect(await askHttp1(`${front.url}/v1/exhibits/2`)).toMatchObject({ status: 200, body: exhibit("2") });
    const answer = await askHttp1(`${front.url}/v1/search?counts[a]=1&within=2s&place.floor=3&styles=GOTHIC`);
    expect(answer).toMatchObject({
      status: 200,
      body: JSON.stringify({ seen: '{"place":{"floor":3},"styles":["GOTHIC"],"counts":{"a":1},"within":{"seconds":"2"}}' }),
    });
  });

  test("of @grpc/reflection without rules fails with one line that says so if REST is the only protocol", async () => {
    await using server = await serveReflecting();
    const args = ["--upstream", server.address, "--listen", "127.0.0.1:0", "--protocols", "rest"];
    expect(await run(process.execPath, [gatewayMain, ...args])).toEqual({
      status: 1,
      stdout: "",
      stderr: `error: no method of ${server.address} has a google.api.http rule: add rules with --rules, or use --unbound\n`,
    });
  });

  test.each(["v1", "v1alpha"] as const)("of connect-node works with only version %s", async (version) => {
    await using server = await serveReflected(await readFile(descriptors), version);
    await using front = await startGateway(server.address, ["--reflection", "--service", "museum.v1.Museum"]);
    const url = `${front.url}/v1/search?place.floor=2&since=2024-02-29T12:00:00Z`;
    expect(await askHttp1(url)).toMatchObject({
      status: 200,
      body: JSON.stringify({ seen: '{"place":{"floor":2},"since":"2024-02-29T12:00:00Z"}' }),
    });
    expect(await askHttp1(`${front.url}/v1/exhibits/2:labels`)).toMatchObject({ status: 200, body: "[]" });
  });
});
