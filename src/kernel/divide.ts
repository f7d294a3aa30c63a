/** A whole number in as many parts, as even as they can be; the first ones take what is over. */
export function divided(total: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, i) => Math.floor(total / parts) + (i < total % parts ? 1 : 0));
}
