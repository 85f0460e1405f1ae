export * from "../gen/chat/chat_pb.js";
