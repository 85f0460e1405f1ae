// The page tree of both languages. The sidebar and the tests read it. To add a page, write
// `<path>.md` and `zh/<path>.md`, and add one line here.

export type Language = "en" | "zh";

export interface Page {
  /**
   * The path below the root of the language, without `.md`. The first page of a folder ends with a
   * slash.
   */
  readonly path: string;
  readonly en: string;
  readonly zh: string;
}

export interface Section {
  readonly folder: string;
  readonly en: string;
  readonly zh: string;
  readonly groups: readonly { readonly en?: string; readonly zh?: string; readonly pages: readonly Page[] }[];
}

export const sections: readonly Section[] = [
  {
    folder: "tutorials",
    en: "Tutorials",
    zh: "教程",
    groups: [
      {
        pages: [
          { path: "tutorials/", en: "Five tutorials, and where your Go files are", zh: "五个教程，与 Go 文件对照" },
          { path: "tutorials/streams", en: "First call, three streams", zh: "第一次调用与三种流" },
          { path: "tutorials/push", en: "Push in both directions", zh: "双向推送" },
          { path: "tutorials/chat", en: "A chat over one stream", zh: "一条流上的聊天" },
          { path: "tutorials/hello", en: "Hello, with security", zh: "Hello 与安全：TLS、双向 TLS、Token" },
          { path: "tutorials/shop", en: "A shop with an HTTP gateway", zh: "商店与 HTTP 网关" },
        ],
      },
    ],
  },
  {
    folder: "guides",
    en: "Guides",
    zh: "指南",
    groups: [
      {
        en: "Start",
        zh: "起步",
        pages: [
          { path: "guides/getting-started", en: "Getting started", zh: "快速开始" },
          { path: "guides/nestjs", en: "NestJS", zh: "NestJS" },
        ],
      },
      {
        en: "The first week",
        zh: "上线第一周",
        pages: [
          { path: "guides/first-week", en: "Ten jobs", zh: "十件事" },
          { path: "guides/first-week/jwt", en: "JWT", zh: "JWT" },
          { path: "guides/first-week/logs", en: "Logs", zh: "日志" },
          { path: "guides/first-week/metrics", en: "Metrics", zh: "指标" },
          { path: "guides/first-week/tracing", en: "Traces", zh: "追踪" },
          { path: "guides/first-week/retries", en: "Retries", zh: "重试" },
          { path: "guides/first-week/balancing", en: "Load balancing", zh: "负载均衡" },
          { path: "guides/first-week/probes", en: "Probes", zh: "探针" },
          { path: "guides/first-week/testing", en: "Unit tests", zh: "单元测试" },
          { path: "guides/first-week/live-browser", en: "Streaming to a browser", zh: "把流送到浏览器" },
          { path: "guides/first-week/docker", en: "Docker", zh: "Docker" },
          { path: "guides/first-week/all-in-one", en: "All of it in one file", zh: "全部放进一个文件" },
        ],
      },
      {
        en: "Calls",
        zh: "调用",
        pages: [
          { path: "guides/errors", en: "Errors", zh: "错误" },
          { path: "guides/deadlines", en: "Deadlines and cancellation", zh: "截止时间与取消" },
          { path: "guides/streaming", en: "Streaming", zh: "流式调用" },
          { path: "guides/metadata", en: "Metadata", zh: "元数据" },
          { path: "guides/interceptors", en: "Interceptors", zh: "拦截器" },
        ],
      },
      {
        en: "In detail",
        zh: "详细说明",
        pages: [
          { path: "guides/jwt", en: "OpenID Connect, roles, expiry", zh: "OpenID Connect、角色与到期" },
          { path: "guides/logs", en: "Logs: the rules", zh: "日志的规则" },
          { path: "guides/metrics", en: "Metrics: names and queries", zh: "指标的名字与查询" },
          { path: "guides/tracing", en: "Traces: sampling and propagation", zh: "追踪：采样与传播" },
          { path: "guides/retries", en: "Retries", zh: "重试" },
          { path: "guides/testing", en: "Testing", zh: "测试" },
        ],
      },
      {
        en: "In production",
        zh: "生产环境",
        pages: [
          { path: "guides/security", en: "Security", zh: "安全" },
          { path: "guides/gateway", en: "Gateway", zh: "网关" },
          { path: "guides/console", en: "Console", zh: "控制台" },
          { path: "guides/one-port", en: "One port for every client", zh: "一个端口，所有客户端" },
          { path: "guides/browsers", en: "Browsers", zh: "浏览器" },
          { path: "guides/data", en: "Data and many processes", zh: "数据与多进程" },
          { path: "guides/deployment", en: "Deployment", zh: "部署" },
          { path: "guides/kubernetes", en: "Kubernetes", zh: "Kubernetes" },
          { path: "guides/xds", en: "xDS", zh: "xDS" },
        ],
      },
      {
        en: "Migrating",
        zh: "迁移",
        pages: [
          { path: "guides/migrating/grpc-js", en: "From grpc-js and proto-loader", zh: "从 grpc-js 与 proto-loader 迁移" },
          { path: "guides/migrating/nice-grpc", en: "From nice-grpc", zh: "从 nice-grpc 迁移" },
          { path: "guides/migrating/ts-proto", en: "From ts-proto", zh: "从 ts-proto 迁移" },
          { path: "guides/migrating/connect-es", en: "From connect-es", zh: "从 connect-es 迁移" },
        ],
      },
    ],
  },
  {
    folder: "reference",
    en: "Reference",
    zh: "参考",
    groups: [
      {
        pages: [
          { path: "reference/", en: "Overview", zh: "总览" },
          { path: "reference/errors", en: "Error codes", zh: "错误码" },
          { path: "reference/limits", en: "Limits", zh: "限制" },
          { path: "reference/cli", en: "Command line", zh: "命令行" },
        ],
      },
    ],
  },
  {
    folder: "design",
    en: "Design",
    zh: "设计",
    groups: [
      {
        pages: [
          { path: "design/", en: "Architecture", zh: "架构" },
          { path: "design/calls", en: "The life of a call", zh: "一次调用的一生" },
          { path: "design/http2", en: "The HTTP/2 engine", zh: "HTTP/2 引擎" },
          { path: "design/codec", en: "The codec", zh: "编解码器" },
          { path: "design/benchmarks", en: "Benchmarks", zh: "性能测试" },
          { path: "design/names", en: "Names of the packages", zh: "包的名字" },
        ],
      },
    ],
  },
];

/** The page that the sidebar shows below every section. */
export const glossary: Page = { path: "glossary", en: "Glossary", zh: "术语表" };
