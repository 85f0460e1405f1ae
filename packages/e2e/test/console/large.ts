// A gateway with thousands of methods, in a browser.
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Type,
  type FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  type MethodDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { createGateway, readDescriptors } from "@grpc-study/gateway";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ConsolePage } from "./page.ts";
import { inChromium } from "./shared.ts";
import { tasksOf } from "./trace.ts";

const size = { packages: 50, services: 5, methods: 20 };

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

/** A package whose methods have numbers of their own, and each a request of its own. */
function file(place: number): MessageInitShape<typeof FileDescriptorProtoSchema> {
  const first = place * size.services * size.methods;
  const method = (number: number): MessageInitShape<typeof MethodDescriptorProtoSchema> => ({
    name: `Do${number}`,
    inputType: `.large.p${place}.Request${number}`,
    outputType: `.large.p${place}.Request${number}`,
    serverStreaming: number % 2 === 1,
  });
  return {
    name: `large/p${place}.proto`,
    package: `large.p${place}`,
    syntax: "proto3",
    messageType: numbers(size.services * size.methods).map((index) => ({
      name: `Request${first + index}`,
      field: numbers(10).map((field) => ({
        name: `field_${field}`,
        number: field + 1,
        ...(field < 9 ? { type: FieldDescriptorProto_Type.INT64 } : recursive(`.large.p${place}.Request${first + index}`)),
      })),
    })),
    service: numbers(size.services).map((service) => ({
      name: `Service${service}`,
      method: numbers(size.methods).map((index) => method(first + service * size.methods + index)),
    })),
  };
}

const recursive = (typeName: string) => ({ type: FieldDescriptorProto_Type.MESSAGE, typeName });

const started = new AsyncDisposableStack();
let url: string;

// A trace has the tasks of all pages: no other test runs meanwhile.
inChromium("large", { timeout: 120_000, concurrent: false }, () => {
  beforeAll(async () => {
    const set = create(FileDescriptorSetSchema, { file: numbers(size.packages).map(file) });
    const { services, registry } = readDescriptors(toBinary(FileDescriptorSetSchema, set));
    const gateway = createGateway({ services, registry, upstream: "127.0.0.1:1", unbound: true, graceMs: 0 });
    started.defer(() => gateway.close());
    url = (await gateway.listen("127.0.0.1:0")).url;
  });
  afterAll(() => started.disposeAsync());

  test("of 5,000 methods a few are in the page, each is found and opened, and no task is long", async () => {
    const tasks = await tasksOf(async () => {
      await using view = await ConsolePage.open(url);
      const { page } = view;
      await page.getByText(/250 services, 5,?000 methods/).waitFor();
      const links = page.getByRole("navigation").getByRole("link");
      expect(await links.count()).toBe(0);
      await page.getByRole("searchbox").fill("do");
      await page.getByText(/200 of 5,?000/).waitFor();
      expect(await links.count()).toBe(200);
      await page.getByRole("searchbox").fill("do4321");
      expect(await links.allInnerTexts()).toEqual([expect.stringMatching(/\bDo4321$/)]);
      await links.click();
      await page.getByRole("heading", { level: 1, name: /^Do4321/ }).waitFor();
      await page.getByLabel(/^field_0/).fill("7");
      expect([view.errors, view.foreign]).toEqual([[], []]);
    });
    // Time of the processor. In a task of 500 ms, a page that is written to would seem to hang.
    expect(tasks[0]).toBeLessThan(500);
  });
});
