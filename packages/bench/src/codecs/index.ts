// All codecs, ours first.
import type { CodecPeer } from "./codec-peer.ts";
import { protobufEs } from "./protobuf-es.ts";
import { protobufjsReflection, protobufjsStatic } from "./protobufjs.ts";
import { rpc } from "./rpc.ts";
import { tsProto } from "./ts-proto.ts";

export const codecPeers: readonly CodecPeer[] = [rpc, protobufEs, protobufjsReflection, protobufjsStatic, tsProto];
