// services.ProdService: products and their stock. The rules in prod.proto validate the requests.
import { ProdAreas, ProdService } from "@grpc-study/proto/shop";
import { implement } from "@grpc-study/rpc";
import type { StoreSource } from "../data/store-source.ts";

const areas = { [ProdAreas.A]: "A", [ProdAreas.B]: "B", [ProdAreas.C]: "C" } as const;

export const prodService = (source: StoreSource) =>
  implement(ProdService, {
    getProdStock: ({ prodArea }, call) =>
      source.use(call, async ({ stock }, options) => ({ prodStock: await stock.inArea(areas[prodArea], options) })),

    getProdStocks: ({ size }, call) =>
      source.use(call, async ({ stock }, options) => {
        const stocks = await stock.list(size === 0 ? undefined : size, options);
        return { productes: stocks.map((prodStock) => ({ prodStock })) };
      }),

    getProdInfo: ({ prodId }, call) =>
      source.use(call, async ({ products }, options) => {
        const { name, price } = await products.get(prodId, options);
        return { prodId, prodName: name, prodPrice: price };
      }),
  });
