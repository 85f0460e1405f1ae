// Hostile text of a server: in names, comments, values, errors and metadata. It is text, never HTML.
import { create, fromBinary, fromJson, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createGateway, DescriptorsError, readDescriptors } from "@grpc-study/gateway";
import { Code, createServer, detail, implement, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema, LocalizedMessageSchema } from "@grpc-study/rpc/error-details";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ConsolePage, textOf } from "./page.ts";
import { inChromium } from "./shared.ts";

const started = new AsyncDisposableStack();

/** Each would set a variable if it were HTML, a URL or a script. */
const attacks = [
  "<img src=x onerror=globalThis.hacked=1>",
  "<svg/onload=globalThis.hacked=1>",
  "<script>globalThis.hacked=1</script>",
  '"><iframe srcdoc="<script>parent.hacked=1</script>">',
  "javascript:globalThis.hacked=1//",
  "{{constructor.constructor('globalThis.hacked=1')()}}",
  "\u202egpj.exe\u0000\u0007\u2028</style></textarea></title>",
];
const all = attacks.join(" ");
const printable = attacks.join(" ").replace(/[^\x20-\x7e]/g, "?");

/**
 * Descriptors whose comments and JSON names are attacks, and whose other names are those of properties of
 * objects in JavaScript.
 *
 * @param tag the name of the message.
 */
function hostileDescriptors(tag = "constructor") {
  const [svg, script] = ["toString", "__proto__"];
  const [html = ""] = attacks;
  const field = (name: string, number: number, jsonName = name) => ({
    name,
    jsonName,
    number,
    type: "TYPE_STRING",
    label: "LABEL_OPTIONAL",
  });
  const type = `.evil.${tag}`;
  const method = (name: string, clientStreaming: boolean, serverStreaming: boolean) => ({
    name,
    inputType: type,
    outputType: type,
    clientStreaming,
    serverStreaming,
  });
  const comment = (path: number[]) => ({ path, span: [0, 0, 0], leadingComments: all });
  const json = {
    file: [
      {
        name: "evil.proto",
        package: "evil",
        syntax: "proto3",
        messageType: [
          {
            name: tag,
            field: [
              field("value", 1),
              field("onerror", 2, html),
              { ...field("choice", 3), type: "TYPE_ENUM", typeName: `.evil.${svg}` },
              { ...field("hasOwnProperty", 4, "__proto__"), oneofIndex: 0 },
            ],
            oneofDecl: [{ name: script }],
          },
        ],
        enumType: [{ name: svg, value: [{ name: script, number: 0 }] }],
        service: [{ name: "Evil", method: [method("Say", false, false), method(tag, false, true), method("Talk", true, true)] }],
        sourceCodeInfo: {
          location: [comment([6, 0]), comment([6, 0, 2, 0]), comment([6, 0, 2, 1]), comment([4, 0, 2, 0]), comment([4, 0, 8, 0])],
        },
      },
    ],
  };
  return readDescriptors(toBinary(FileDescriptorSetSchema, fromJson(FileDescriptorSetSchema, json)));
}

let url: string;

inChromium("hostile", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    const { services, registry } = hostileDescriptors();
    const [service] = services;
    if (service === undefined) throw new Error("there is no service");
    const server = createServer({ onError: () => {} });
    const fail = () => {
      const details = [
        detail(BadRequestSchema, { fieldViolations: [{ field: all, description: all }] }),
        detail(LocalizedMessageSchema, { locale: all, message: all }),
        create(BadRequestSchema) && { typeUrl: `type.googleapis.com/${attacks[0]}`, value: new Uint8Array([1, 2]) },
      ];
      throw new RpcError(Code.ABORTED, all, { details: details as never });
    };
    const evil = (request: { value: string }, { header, trailer }: { header: Map<string, string>; trailer: Map<string, string> }) => {
      header.set("x-evil", printable);
      trailer.set("x-evil-end", printable);
      if (request.value === "fail") fail();
      return { value: all };
    };
    const [, stream] = service.methods;
    server.add(
      implement(service, {
        say: evil,
        async *[stream?.localName ?? ""](request: never, context: never) {
          for (let count = 0; count < 3; count++) yield evil(request, context);
        },
        async *talk(requests: AsyncIterable<never>, context: never) {
          for await (const request of requests) yield evil(request, context);
        },
      } as never),
    );
    const { address } = await server.listen("127.0.0.1:0");
    started.defer(async () => void (await server.shutdown({ graceMs: 0, abortMs: 0 })));
    const gateway = createGateway({ services, registry, upstream: address, openApi: { title: all }, graceMs: 0 });
    started.defer(() => gateway.close());
    ({ url } = await gateway.listen("127.0.0.1:0"));
  });
  afterAll(() => started.disposeAsync());

  /** Nothing ran, nothing was loaded, and no element came from text. */
  async function isUnharmed(view: ConsolePage): Promise<void> {
    expect(await view.page.evaluate("globalThis.hacked")).toBeUndefined();
    expect(await view.page.locator("#app :is(img, iframe, script, style, object, embed)").count()).toBe(0);
    expect(await view.page.locator("#app svg[onload]").count()).toBe(0);
    expect(await view.page.locator('a[href^="javascript:"]').count()).toBe(0);
    expect([view.errors, view.foreign]).toEqual([[], []]);
  }

  test("names and comments are text", async () => {
    await using home = await ConsolePage.open(url);
    expect(await home.page.title()).toContain("<img src=x");
    await isUnharmed(home);
    for (const link of await home.page.getByRole("navigation").getByRole("link").all()) {
      await link.click();
      await home.page.getByRole("button", { name: /^(?:Call|Send message)$/ }).waitFor();
      expect(await textOf(home.page.getByRole("main"))).toContain("<script>globalThis.hacked=1</script>");
      await home.openTab(home.request, "JSON");
      await home.request.getByRole("textbox", { name: /JSON/ }).waitFor();
      await home.openTab(home.request, "Form");
      await isUnharmed(home);
    }
  });

  test("values, errors, details and metadata are text", async () => {
    await using view = await ConsolePage.open(url, "evil.Evil/Say");
    await view.press("Call");
    await view.response.getByText("0 OK").waitFor();
    expect(await view.responseText()).toContain("<img src=x onerror=globalThis.hacked=1>");
    await view.openTab(view.response, "JSON");
    await isUnharmed(view);
    await view.openTab(view.response, /^Header/);
    expect(await view.responseText()).toContain('"><iframe srcdoc=');
    await view.openTab(view.response, /^Trailer/);
    expect(await view.responseText()).toContain('"><iframe srcdoc=');
    await isUnharmed(view);
    await view.write('{"value": "fail"}');
    await view.press("Call");
    await view.response.getByText("10 ABORTED").waitFor();
    expect(await view.responseText()).toContain("</textarea></title>");
    await isUnharmed(view);
  });

  test.each([
    ["a server stream", 1, "Call"],
    ["a bidirectional stream", 2, "Send message"],
  ])("messages of %s are text", async (_name, index, button) => {
    await using view = await ConsolePage.open(url);
    await view.page.getByRole("navigation").getByRole("link").nth(index).click();
    await view.press(button);
    await view.response
      .getByText(/received/)
      .first()
      .waitFor();
    await view.page.getByRole("searchbox", { name: "Filter messages" }).fill("<img");
    expect(await view.responseText()).toContain("<img src=x onerror=globalThis.hacked=1>");
    await isUnharmed(view);
  });

  test("a request that sets hostile keys does no harm", async () => {
    await using view = await ConsolePage.open(url, "evil.Evil/Say");
    await view.write(`{"__proto__": {"hacked": 1}, "constructor": {"prototype": {"hacked": 1}}, ${JSON.stringify(attacks[0])}: 1}`);
    await view.openTab(view.request, "Form");
    await view.page.getByText(/faults in the request/).waitFor();
    expect(await view.page.evaluate("({}).hacked")).toBeUndefined();
    await isUnharmed(view);
  });

  test("the gateway rejects descriptors whose names are not names", () => {
    for (const name of attacks) expect(() => hostileDescriptors(name)).toThrow(DescriptorsError);
  });

  test("the descriptors reach the page as they are", async () => {
    const set = fromBinary(FileDescriptorSetSchema, new Uint8Array(await (await fetch(`${url}/console/descriptors.binpb`)).arrayBuffer()));
    expect(set.file.find(({ name }) => name === "evil.proto")?.messageType[0]?.field[1]?.jsonName).toBe(attacks[0]);
  });
});
