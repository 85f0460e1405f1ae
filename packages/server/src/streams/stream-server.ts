// StreamServer: server streaming.
import { StreamServer } from "@grpc-study/proto/streams";
import { implement } from "@grpc-study/rpc";

export const streamServer = () =>
  implement(StreamServer, {
    *listValue({ data }) {
      for (let n = 0; n < 5; n++) yield { streamValue: `${data}${n}` };
    },
  });
