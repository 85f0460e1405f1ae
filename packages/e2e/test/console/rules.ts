// The rules of buf.validate and the violations of servers, at the fields of a request, in a browser.
import { createGateway } from "@grpc-study/gateway";
import { OrderService } from "@grpc-study/proto/shop";
import { Code, createServer, detail, implement, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema } from "@grpc-study/rpc/error-details";
import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./axe.ts";
import { ConsolePage, type PageOptions, textOf } from "./page.ts";
import { inChromium } from "./shared.ts";

const started = new AsyncDisposableStack();
const hostile = "<img src=x onerror=globalThis.hacked=1>";
let url: string;

const open = (options?: PageOptions) => ConsolePage.open(url, "services.OrderService/NewOrder", options);
const focused = (view: ConsolePage) => view.page.evaluate("document.activeElement.id");
const wrong = { orderMain: { orderId: 1, orderNo: "", userId: 5, orderMoney: -1 } };

inChromium("rules", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    const server = createServer({ onError: () => {} });
    server.add(
      implement(OrderService, {
        newOrder: ({ orderMain }) => {
          if (orderMain?.orderNo !== "taken") return { status: "ok", message: orderMain?.orderNo ?? "" };
          const fieldViolations = [
            { field: "order_main.order_no", description: `taken ${hostile}` },
            { field: `${hostile}`, description: "no such field" },
          ];
          throw new RpcError(Code.INVALID_ARGUMENT, "bad order", { details: [detail(BadRequestSchema, { fieldViolations })] });
        },
      }),
    );
    const { address } = await server.listen("127.0.0.1:0");
    started.defer(async () => void (await server.shutdown({ graceMs: 0, abortMs: 0 })));
    const gateway = createGateway({ services: [OrderService], upstream: address, graceMs: 0 });
    started.defer(() => gateway.close());
    ({ url } = await gateway.listen("127.0.0.1:0"));
  });
  afterAll(() => started.disposeAsync());

  test("rules are shown at their fields and checked as one types, and a request that violates them can be sent", async () => {
    await using view = await open();
    await view.page.getByText("a value is required").waitFor();
    await view.press("Set order_main");
    expect(await textOf(view.page.getByRole("group", { name: /^order_main/ }))).toMatch(
      /order_no[\s\S]*at least 1 character[\s\S]*at most 64 characters/,
    );
    await view.write(JSON.stringify(wrong));
    await view.page.getByRole("button", { name: "Go to orderMain.orderMoney" }).waitFor();
    await view.page.locator(".cm-lintRange-error").first().waitFor();
    expect(await view.page.locator(".cm-lintRange-error").allInnerTexts()).toEqual(['""', "-1"]);
    await view.openTab(view.request, "Form");
    await view.press("2 faults in the request");
    expect(await focused(view)).toBe("field-orderMain/orderNo");
    await view.page.keyboard.type("n");
    await view.page.getByText("expected: at least 1 character").waitFor({ state: "detached" });
    await view.press("Call");
    await view.response.getByText("0 OK").waitFor();
    expect([view.errors, view.foreign]).toEqual([[], []]);
  });

  test("violations of the server are at their field until it changes, and the status leads there", async () => {
    await using view = await open();
    await view.write('{"orderMain": {"orderId": 1, "orderNo": "taken", "userId": 5}}');
    await view.press("Call");
    const link = view.response.getByRole("button", { name: "Go to order_main.order_no" });
    await link.click();
    await view.page.locator(".cm-lintRange-error").first().waitFor();
    expect(await view.page.locator(".cm-lintRange-error").allInnerTexts()).toEqual(['"taken"']);
    await view.openTab(view.request, "Form");
    const fault = view.request.getByText(`the server says: taken ${hostile}`);
    await fault.waitFor();
    await link.click();
    expect(await focused(view)).toBe("field-orderMain/orderNo");
    await view.page.keyboard.press("End");
    await view.page.keyboard.type("!");
    await fault.waitFor({ state: "detached" });
    expect(await view.page.evaluate("globalThis.hacked")).toBeUndefined();
    expect(await view.page.locator("#app img").count()).toBe(0);
    expect([view.errors, view.foreign]).toEqual([[], []]);
  });

  test("in Chinese, dark and on a phone, rules and violations have no fault of WCAG 2.2 AA", async () => {
    await using view = await open({ locale: "zh-CN", colorScheme: "dark", width: 390, height: 800 });
    await view.page.getByText("必须填写").waitFor();
    await view.page.getByRole("button", { name: "设置 order_main" }).click();
    await view.page.getByText("至多 64 个字符").waitFor();
    await view.page.getByLabel(/^order_no/).fill("taken");
    await view.page.keyboard.press("Control+Enter");
    await view.page.getByRole("list", { name: "违规字段" }).waitFor();
    expect(await violations(view.page)).toEqual([]);
    expect(await view.page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
  });
});
