/** TLS settings of client and servers; PEM. */
export interface TlsRule {
  /** Certificate authorities; absent: those of the system and NODE_EXTRA_CA_CERTS. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  /** Name for SNI and certificate checks; absent: that of the address. */
  readonly serverName?: string;
  /** False: accept any certificate. */
  readonly rejectUnauthorized?: boolean;
}

/** TLS settings for a host named by a redirect: without the client's certificate. */
export function towardsOthers({ ca, rejectUnauthorized }: TlsRule): TlsRule {
  return { ...(ca === undefined ? {} : { ca }), ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }) };
}
