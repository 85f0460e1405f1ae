import { ProdAreas, ProdService } from "@grpc-study/proto/shop";
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema } from "@grpc-study/rpc/error-details";
import { expect, test } from "vitest";
import { memoryStore } from "../../test/memory-store.ts";
import { serveServices } from "../../test/serve-services.ts";
import { prodService } from "./prod-service.ts";

test.each([
  { area: "A", prodArea: ProdAreas.A, stock: 114514 },
  { area: "B", prodArea: ProdAreas.B, stock: 721 },
  { area: "C", prodArea: ProdAreas.C, stock: 666 },
])("the stock in area $area is $stock", async ({ prodArea, stock }) => {
  const client = createClient(ProdService, await serveServices(prodService(memoryStore)));
  expect((await client.getProdStock({ prodId: 998, prodArea })).prodStock).toBe(stock);
});

test.each([
  { size: 0, stocks: [114514, 10086, 721, 666] },
  { size: 1, stocks: [114514] },
  { size: 3, stocks: [114514, 10086, 721] },
  { size: 10, stocks: [114514, 10086, 721, 666] },
])("a size of $size lists $stocks", async ({ size, stocks }) => {
  const client = createClient(ProdService, await serveServices(prodService(memoryStore)));
  const { productes } = await client.getProdStocks({ size });
  expect(productes.map(({ prodStock }) => prodStock)).toEqual(stocks);
});

test("a negative size is INVALID_ARGUMENT with the field and the value", async () => {
  const client = createClient(ProdService, await serveServices(prodService(memoryStore)));
  const error = await errorOf(client.getProdStocks({ size: -1 }));
  expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, message: "size must be greater than or equal to 0, is -1" });
  expect(error.findDetails(BadRequestSchema)).toMatchObject([
    { fieldViolations: [{ field: "size", description: "must be greater than or equal to 0, is -1" }] },
  ]);
});

test.each([9, -1])("the unknown area %i is INVALID_ARGUMENT with the field and the value", async (prodArea) => {
  const client = createClient(ProdService, await serveServices(prodService(memoryStore)));
  const error = await errorOf(client.getProdStock({ prodId: 998, prodArea: prodArea as ProdAreas }));
  expect(error.code).toBe(Code.INVALID_ARGUMENT);
  expect(error.findDetails(BadRequestSchema)).toMatchObject([
    { fieldViolations: [{ field: "prod_area", description: expect.stringMatching(new RegExp(`is ${prodArea}$`)) }] },
  ]);
});

test.each(["getProdStock", "getProdInfo"] as const)("%s: an id below 1 is INVALID_ARGUMENT", async (method) => {
  const client = createClient(ProdService, await serveServices(prodService(memoryStore)));
  expect(await errorOf(client[method]({ prodId: 0 }))).toMatchObject({
    code: Code.INVALID_ARGUMENT,
    message: "prod_id must be greater than 0, is 0",
  });
});

test("a product has the requested id, a name and a price", async () => {
  const client = createClient(ProdService, await serveServices(prodService(memoryStore)));
  const product = await client.getProdInfo({ prodId: 998 });
  expect(product).toMatchObject({ prodId: 998, prodName: expect.stringContaining("998") });
  expect(product.prodPrice).toBeGreaterThan(0);
});

/** Returns the error of a failed call. */
async function errorOf(call: Promise<unknown>): Promise<RpcError> {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof RpcError)) throw new Error("the call did not fail", { cause: error });
  return error;
}
