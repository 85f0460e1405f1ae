export * from "../gen/chat/chat_pb.js";
export * from "../gen/chat/rooms_pb.js";
