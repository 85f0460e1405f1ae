// The texts of the chat rooms.
import { translate } from "../../i18n/index.ts";

const en = {
  intro: "Everyone in a room sees who is there and what is said. Open the page in a second tab to be two.",
  room: "Room",
  user: "Your name",
  join: "Join",
  leave: "Leave",
  members: "In the room:",
  nobody: "nobody with a name",
  conversation: "What happens in the room",
  empty: "Nothing was said yet.",
  joined: "{0} has come.",
  left: "{0} has left.",
  line: "Your line",
  say: "Send",
} as const;

export const texts = {
  en,
  zh: {
    intro: "房间里的每个人都能看到谁在场、说了什么。再打开一个标签页，就有两个人了。",
    room: "房间",
    user: "你的名字",
    join: "加入",
    leave: "离开",
    members: "房间里有：",
    nobody: "没有具名的人",
    conversation: "房间里发生的事",
    empty: "还没有人说话。",
    joined: "{0} 来了。",
    left: "{0} 走了。",
    line: "要说的话",
    say: "发送",
  },
};

export const tr = translate(texts);
