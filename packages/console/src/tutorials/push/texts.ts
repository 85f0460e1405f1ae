// The texts of the live push.
import { translate } from "../../i18n/index.ts";

const en = {
  server: "Server push",
  serverHint: "GetStream: the server sends the time once a second, eleven times.",
  client: "Client push",
  clientHint: "PutStream: send messages one by one. Once you finish, the server says how many it took.",
  both: "Both at once",
  bothHint: "AllStream: the server sends once a second, while you send what and when you like.",
  start: "Start",
  stop: "Stop",
  finish: "Finish",
  message: "Message",
  send: "Send",
  live: "live",
  empty: "No message yet.",
  sent: "sent",
  received: "received",
  count: "{0} sent, {1} received",
} as const;

export const texts = {
  en,
  zh: {
    server: "服务端推送",
    serverHint: "GetStream：服务器每秒发送一次时间，共十一次。",
    client: "客户端推送",
    clientHint: "PutStream：逐条发送消息。完成后，服务器会说收到了多少条。",
    both: "同时推送",
    bothHint: "AllStream：服务器每秒发送一次，你可以随时发送任何内容。",
    start: "开始",
    stop: "停止",
    finish: "完成",
    message: "消息",
    send: "发送",
    live: "直播中",
    empty: "还没有消息。",
    sent: "发送",
    received: "接收",
    count: "已发送 {0} 条，已接收 {1} 条",
  },
};

export const tp = translate(texts);
