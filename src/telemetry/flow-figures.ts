/** Statistics of one part of a flow: numbers by name, and the same for its members. */
export interface FlowStats {
  readonly [figure: string]: number | string | boolean | null | FlowStats | readonly FlowStats[];
}

export interface FlowPartFigures {
  readonly name: string;
  readonly kind: string;
  readonly stats: FlowStats;
}

export interface FlowFigures {
  readonly parts: Readonly<Record<string, { readonly kind: string } & FlowStats>>;
}
