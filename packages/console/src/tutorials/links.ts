// Where the tutorials and their sources are.

/** The repository. All links of the tutorials begin with it. */
const repository = "https://github.com/grpc-study/grpc-study/blob/main/";

export const links = {
  page: (name: string, language: string) => `${repository}docs/${language === "zh" ? "zh/" : ""}tutorials/${name}.md`,
  source: (name: string) => `${repository}packages/server/src/${name}`,
} as const;
