// Writes the types of a client of the shop, with openapi-typescript, from the document that a gateway would serve: test/gen/shop-client.d.ts.
import { writeFileSync } from "node:fs";
import { OrderService, ProdService, UserService } from "@grpc-study/proto/shop";
import { shopDescriptors } from "@grpc-study/proto/shop-descriptors";
import openapiTypescript, { astToString } from "openapi-typescript";
import { bindingsOf } from "../src/http-rule/rule.ts";
import { openApi } from "../src/openapi/index.ts";

const methods = [ProdService, OrderService, UserService].flatMap((service) => service.methods);
const document = openApi(
  methods.flatMap((method) => bindingsOf(method, { unbound: true })),
  { descriptors: shopDescriptors() },
);
// Its type is openapi-typescript's own of the same thing.
const types = await openapiTypescript(JSON.stringify(document));
writeFileSync(new URL("../test/gen/shop-client.d.ts", import.meta.url), astToString(types));
