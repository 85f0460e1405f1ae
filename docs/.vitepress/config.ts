// The VitePress site, in English at the root and in Chinese below /zh/. Pages load every resource
// from the site itself.
import { globSync } from "node:fs";
import { type DefaultTheme, defineConfig, type MarkdownEnv } from "vitepress";
import { extendMarkdown } from "./markdown.ts";
import { glossary, type Language, type Page, sections } from "./pages.ts";

const title = "grpc-study";
const icon =
  "data:image/svg+xml," +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0f766e"/><path d="M7 12h13l-4-4M25 20H12l4 4" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>',
  );

const rootOf = (language: Language) => (language === "en" ? "/" : "/zh/");

const item = (language: Language, page: Page): DefaultTheme.SidebarItem => ({
  text: page[language],
  link: `${rootOf(language)}${page.path}`,
});

/** The generated reference: a page for each entry point of a package. */
function apiGroup(language: Language): DefaultTheme.SidebarItem[] {
  const names = globSync("**/*.md", { cwd: new URL(`..${rootOf(language)}reference/api/`, import.meta.url) })
    .map((path) => path.replaceAll("\\", "/").slice(0, -".md".length))
    .toSorted();
  const items = names.map((name) => ({ text: name, link: `${rootOf(language)}reference/api/${name}` }));
  return [{ text: language === "en" ? "Packages" : "各包 API（英文）", items }];
}

function sidebar(language: Language): DefaultTheme.SidebarMulti {
  const other = [{ text: "", items: [item(language, glossary)] }];
  const entries = sections.map(({ folder, groups, ...titles }): [string, DefaultTheme.SidebarItem[]] => {
    const items = groups.map((group) => ({
      text: group[language] ?? titles[language],
      items: group.pages.map((page) => item(language, page)),
    }));
    return [`${rootOf(language)}${folder}/`, [...items, ...(folder === "reference" ? apiGroup(language) : []), ...other]];
  });
  const all = sections.map(({ groups, ...titles }) => ({
    text: titles[language],
    collapsed: true,
    items: groups.flatMap(({ pages }) => pages.map((page) => item(language, page))),
  }));
  return Object.fromEntries([...entries, [`${rootOf(language)}glossary`, [...all, ...other]]]);
}

const nav = (language: Language): DefaultTheme.NavItem[] => [
  ...sections.map(({ folder, groups, ...titles }) => ({
    text: titles[language],
    link: `${rootOf(language)}${groups[0]?.pages[0]?.path}`,
    activeMatch: `^${rootOf(language)}${folder}/`,
  })),
  { text: glossary[language], link: `${rootOf(language)}glossary` },
];

/**
 * Splits text into words for the search. Chinese has no spaces. An identifier counts as one word
 * and as its parts.
 */
function tokenize(text: string): string[] {
  const words = [...new Intl.Segmenter("zh", { granularity: "word" }).segment(text)].flatMap(({ segment, isWordLike }) =>
    isWordLike ? [segment] : [],
  );
  return words.flatMap((word) => {
    const parts = word.split(/[._]|(?<=[a-z])(?=[A-Z])/).filter(Boolean);
    return parts.length > 1 ? [word, ...parts] : [word];
  });
}

interface Markdown {
  readonly options: { highlight?: unknown };
  render(source: string, env: MarkdownEnv): string;
}

/**
 * Renders a page for the search. Its index has no colours, and highlighting takes most of the time of
 * a page.
 */
function textOf(source: string, env: MarkdownEnv, markdown: Markdown): string {
  if (source.startsWith("---\nsearch: false\n")) return "";
  const { highlight } = markdown.options;
  markdown.options.highlight = null;
  try {
    const html = markdown.render(source, env);
    return env.frontmatter?.["search"] === false ? "" : html;
  } finally {
    markdown.options.highlight = highlight;
  }
}

export default defineConfig({
  title,
  cleanUrls: true,
  lastUpdated: false,
  // These folders are not part of the site.
  srcExclude: ["README.md", "node_modules/**", "test/**"],
  head: [
    ["link", { rel: "icon", href: icon }],
    ["meta", { name: "theme-color", content: "#0f766e" }],
  ],
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-default" },
    config: extendMarkdown,
  },
  vite: {
    build: { chunkSizeWarningLimit: 4000 },
    server: { host: "127.0.0.1" },
  },
  themeConfig: {
    outline: { level: [2, 3] },
    search: {
      provider: "local",
      options: {
        miniSearch: { options: { tokenize } },
        _render: textOf,
        locales: {
          zh: {
            translations: {
              button: { buttonText: "搜索", buttonAriaLabel: "搜索文档" },
              modal: {
                displayDetails: "显示详情",
                resetButtonTitle: "清除",
                backButtonTitle: "关闭搜索",
                noResultsText: "没有结果：",
                footer: { selectText: "打开", navigateText: "切换", closeText: "关闭" },
              },
            },
          },
        },
      },
    },
  },
  locales: {
    root: {
      label: "English",
      lang: "en",
      description: "gRPC in TypeScript, from the tutorial to production",
      themeConfig: { nav: nav("en"), sidebar: sidebar("en") },
    },
    zh: {
      label: "简体中文",
      lang: "zh-CN",
      description: "用 TypeScript 写 gRPC：从教程到生产",
      themeConfig: {
        nav: nav("zh"),
        sidebar: sidebar("zh"),
        outline: { level: [2, 3], label: "本页目录" },
        docFooter: { prev: "上一页", next: "下一页" },
        darkModeSwitchLabel: "外观",
        lightModeSwitchTitle: "切换到浅色",
        darkModeSwitchTitle: "切换到深色",
        sidebarMenuLabel: "目录",
        returnToTopLabel: "回到顶部",
        langMenuLabel: "选择语言",
        skipToContentLabel: "跳到正文",
        notFound: { title: "页面不存在", quote: "这个地址没有页面。", linkText: "返回首页", linkLabel: "返回首页" },
      },
    },
  },
});
