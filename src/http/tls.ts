/** How servers are known, and the client to them; PEM. */
export interface TlsRule {
  /** Who vouches for servers; absent: whoever the system and NODE_EXTRA_CA_CERTS say. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  /** The name that servers are asked for and have to show; absent: that of the address. */
  readonly serverName?: string;
  /** False: any server will do. */
  readonly rejectUnauthorized?: boolean;
}

/** The rule towards a host that a redirect leads to: it does not hear who asks. */
export function towardsOthers({ ca, rejectUnauthorized }: TlsRule): TlsRule {
  return { ...(ca === undefined ? {} : { ca }), ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }) };
}
