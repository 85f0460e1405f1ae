import { describe, expect, test } from "vitest";
import { topics } from "../contract/index.ts";
import { addressOf } from "../harness/address-of.ts";
import { outcomeOf } from "../harness/process.ts";
import { callWithBufCurl, startBufCurl } from "./buf-curl.ts";
import { testCalls } from "./suite.ts";

describe("buf curl, with the .proto file, calls", () => testCalls(callWithBufCurl()));

describe("buf curl, with reflection, calls", () => testCalls(callWithBufCurl([])));

const servicesOf = (definition: readonly string[]) => [...new Set(definition.flatMap((line) => /^\/(\S+)\/\S+ /.exec(line)?.[1] ?? []))];

const curl = async (...args: string[]) => {
  await using started = startBufCurl(args);
  return await outcomeOf(started);
};

describe.each(["grpc-v1", "grpc-v1alpha"])("by %s reflection, buf curl", (protocol) => {
  // Lists services only. For methods, buf links all files into one set, and the files of `streams`
  // define conflicting names.
  test.each(topics)("lists the services of $name", async ({ name, definition }) => {
    const { status, stdout } = await curl("--reflect-protocol", protocol, "--list-services", `http://${addressOf(name)}`);
    const services = stdout.split("\n").filter((line) => line !== "" && !line.startsWith("grpc."));
    expect({ status, services }).toEqual({ status: 0, services: servicesOf(definition).toSorted() });
  });
});

test.each(topics)("buf curl reports $name as healthy", async ({ name, definition }) => {
  const url = `http://${addressOf(name)}/grpc.health.v1.Health/Check`;
  for (const service of ["", ...servicesOf(definition)]) {
    const { stdout } = await curl("-d", JSON.stringify({ service }), url);
    expect(JSON.parse(stdout)).toEqual({ status: "SERVING" });
  }
});

test("buf curl shows the details of our errors", async () => {
  const { status, stderr } = await curl("-d", '{"prod_area":9}', `http://${addressOf("shop")}/services.ProdService/GetProdStock`);
  expect(status).toBe(3 << 3);
  expect(JSON.parse(stderr)).toMatchObject({ code: "invalid_argument", details: [{ type: "google.rpc.BadRequest" }] });
});
