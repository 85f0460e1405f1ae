// Places orders in a folder until the process is killed, and reports each accepted one.
import { openStore } from "@grpc-study/store";

const store = await openStore({ dir: process.argv[2] ?? "" });
for (let id = 1; ; id++) {
  const no = `order-${id}`;
  await store.orders.place({ no, id, userId: 1, money: 1, time: undefined });
  process.send?.(no);
}
