import { html, Markup } from "./markup.ts";

/** Units of a chart's picture, which is stretched to its place. */
export const WIDTH = 1000;
export const HEIGHT = 100;

/** A label at a share of a chart's width; `ends`: it ends there. */
export function timeLabel(share: number, label: string, ends = share > 0.97): Markup {
  return html`<span${ends ? new Markup(' class="last"') : null} style="left:${short(share * 100)}%">${label}</span>`;
}

/** A number with two decimals at most. */
export function short(value: number): string {
  return String(Number(value.toFixed(2)));
}
