/** Share of the usual rehearsal before a case, where the figures do not matter: warming up takes most of a short case's time. */
export const SHORT_REHEARSAL = 0.01;
