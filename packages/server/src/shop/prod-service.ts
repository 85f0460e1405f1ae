// services.ProdService: products and their stock. The rules in prod.proto validate the requests.
import { ProdAreas, ProdService } from "@grpc-study/proto/shop";
import { implement } from "@grpc-study/rpc";

const stockOfArea: { readonly [area in ProdAreas]: number } = {
  [ProdAreas.A]: 114514,
  [ProdAreas.B]: 721,
  [ProdAreas.C]: 666,
};

const stocks = [114514, 10086, 721, 666].map((prodStock) => ({ prodStock }));

export const prodService = () =>
  implement(ProdService, {
    getProdStock: ({ prodArea }) => ({ prodStock: stockOfArea[prodArea] }),

    getProdStocks: ({ size }) => ({ productes: size === 0 ? stocks : stocks.slice(0, size) }),

    getProdInfo: ({ prodId }) => ({ prodId, prodName: `product ${prodId}`, prodPrice: 20.5 }),
  });
