/** Environment variable for checks of what does not depend on the lab's speed: a share of the usual rehearsal, as in 0.01. */
const REHEARSAL_SHARE = "LAB_TUI_REHEARSAL";

/** The share of the usual rehearsal that REHEARSAL_SHARE names: more than 0, at most 1; 1 where it names none. */
export function rehearsalShare(text = process.env[REHEARSAL_SHARE]): number {
  const share = Number(text || 1);
  return share > 0 && share <= 1 ? share : 1;
}

/** A warning about a shortened rehearsal; null: it was not shortened. */
export function rehearsalNote(share: number): string | null {
  if (share >= 1) return null;
  return `${REHEARSAL_SHARE} shortened the rehearsal to ${100 * share} % of its usual length: the lab's own code was still slow when the case began.`;
}
