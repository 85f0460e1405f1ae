export { Channelz } from "../../../gen/grpc/channelz/v1/channelz_pb.js";
export { channelz } from "./channelz.ts";
