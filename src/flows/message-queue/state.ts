/**
 * State of a message in its group. Numbers: each state's messages are counted at every change. SQLite files store them, so they
 * must not change.
 *
 *     READY    may be leased                         lease ▶ LEASED
 *     DELAYED  not before its time                   due ▶ READY
 *     LEASED   with a consumer, until its lease ends acknowledged, dead ▶ GONE; again ▶ DELAYED; released, lease over ▶ READY
 *     BEHIND   another of its key comes first        that one leaves ▶ READY or DELAYED
 *     GONE     settled or dead; in SQLite it has no row
 *
 * A message that would become READY or DELAYED while an earlier one of its key is unsettled becomes BEHIND instead.
 */
export const READY = 0;
export const DELAYED = 1;
export const LEASED = 2;
export const BEHIND = 3;
export const GONE = 4;

/** As callers see them, by number. */
export const STATE_NAMES = ["waiting", "delayed", "working", "waiting", "done"] as const;
