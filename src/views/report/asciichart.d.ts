declare module "asciichart" {
  export interface PlotConfig {
    readonly height?: number;
    readonly min?: number;
    readonly max?: number;
    readonly offset?: number;
    readonly padding?: string;
    readonly symbols?: readonly string[];
    readonly format?: (value: number) => string;
  }
  export function plot(series: readonly number[], config?: PlotConfig): string;
}
