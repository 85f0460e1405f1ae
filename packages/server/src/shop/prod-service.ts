// services.ProdService: products and their stock.
import { ProdAreas, ProdService } from "@grpc-study/proto/shop";
import { implement } from "@grpc-study/rpc";
import { invalidArgument } from "./invalid-argument.ts";

const stockOfArea: { readonly [area in ProdAreas]: number } = {
  [ProdAreas.A]: 114514,
  [ProdAreas.B]: 721,
  [ProdAreas.C]: 666,
};

const stocks = [114514, 10086, 721, 666].map((prodStock) => ({ prodStock }));

export const prodService = () =>
  implement(ProdService, {
    getProdStock({ prodArea }) {
      // proto3 enums are open: any int32 can arrive.
      if (!(prodArea in stockOfArea)) throw invalidArgument("prod_area", prodArea, "must be 0 (A), 1 (B) or 2 (C)");
      return { prodStock: stockOfArea[prodArea] };
    },

    getProdStocks({ size }) {
      if (size < 0) throw invalidArgument("size", size, "must not be negative");
      return { productes: size === 0 ? stocks : stocks.slice(0, size) };
    },

    getProdInfo: ({ prodId }) => ({ prodId, prodName: `product ${prodId}`, prodPrice: 20.5 }),
  });
