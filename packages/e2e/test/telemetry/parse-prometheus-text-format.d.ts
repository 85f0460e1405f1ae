// The package has no types.
declare module "parse-prometheus-text-format" {
  interface Metric {
    readonly labels?: Readonly<Record<string, string>>;
    readonly value?: string;
    readonly count?: string;
    readonly buckets?: Readonly<Record<string, string>>;
  }

  export default function parsePrometheusTextFormat(
    text: string,
  ): readonly { readonly name: string; readonly type: string; readonly metrics: readonly Metric[] }[];
}
