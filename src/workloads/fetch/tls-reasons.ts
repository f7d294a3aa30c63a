/** A reason of a failed TLS handshake, by the errors of Bun and BoringSSL. */
interface Reason {
  readonly said: RegExp;
  /** Name in `byError`. */
  readonly name: string;
  /** Meaning and remedy, to follow "… failed: ". */
  readonly meaning: string;
}

/** The first match applies. Alerts are the server's verdict on the client (RFC 8446, 6.2); the rest is the client's on the server. */
const REASONS: readonly Reason[] = [
  {
    said: /CERT_HAS_EXPIRED/,
    name: "TLS: certificate expired",
    meaning:
      "the server's certificate, or one that vouches for it, has expired; it has to be renewed, or fetch.tls.insecure does without it",
  },
  {
    said: /CERT_NOT_YET_VALID/,
    name: "TLS: certificate not valid yet",
    meaning: "the server's certificate is of a later day than this machine's clock shows; look at the clocks of both",
  },
  {
    said: /DEPTH_ZERO_SELF_SIGNED_CERT/,
    name: "TLS: self-signed certificate",
    meaning: "the server vouches for itself; fetch.tls.ca may name its certificate, or fetch.tls.insecure does without",
  },
  {
    said: /UNABLE_TO_GET_ISSUER_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|CERT_UNTRUSTED|INVALID_CA/,
    name: "TLS: unknown authority",
    meaning:
      "nobody that this machine knows vouches for the server, or it does not show all certificates in between; fetch.tls.ca may name a file with theirs",
  },
  {
    said: /ALTNAME_INVALID|HOSTNAME_MISMATCH|IP_ADDRESS_MISMATCH/,
    name: "TLS: wrong name",
    meaning: "the server's certificate is for other names than the one it was asked by; fetch.tls.serverName may name one of them",
  },
  {
    said: /ALERT_CERTIFICATE_REQUIRED/,
    name: "TLS: client certificate required",
    meaning: "the server wants to know who asks; fetch.tls.cert and fetch.tls.key name a certificate and its key",
  },
  {
    said: /ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|UNKNOWN_CA|ACCESS_DENIED)/,
    name: "TLS: client certificate refused",
    meaning: "the server does not take the certificate that it was shown, that of fetch.tls.cert",
  },
  {
    said: /ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|ALERT_INSUFFICIENT_SECURITY/,
    name: "TLS: version",
    meaning: "the server speaks no version of TLS that Bun does (1.2 and 1.3)",
  },
  {
    said: /ALERT_UNRECOGNIZED_NAME/,
    name: "TLS: unknown name",
    meaning: "the server knows nothing of the name it was asked by; fetch.tls.serverName may say another",
  },
  {
    said: /WRONG_VERSION_NUMBER|HTTP_REQUEST|HTTPS_PROXY_REQUEST|UNEXPECTED_MESSAGE|BAD_RECORD_TYPE|UNKNOWN_PROTOCOL/,
    name: "TLS: not spoken",
    meaning: "what answered does not speak TLS; the address may have to begin with http://",
  },
  {
    said: /ALERT_HANDSHAKE_FAILURE|NO_SHARED_CIPHER|NO_CIPHERS/,
    name: "TLS: refused",
    meaning: "the server broke the handshake off; it may want a client certificate (fetch.tls.cert), or share no cipher with Bun",
  },
];

/** Name of a TLS failure; null: unknown. `said`: name, code and message of an error. */
export function tlsReason(said: string): string | null {
  return REASONS.find(({ said: pattern }) => pattern.test(said))?.name ?? null;
}

/** True for an error, by its name, that another attempt would meet again. */
export function isLasting(error: string): boolean {
  return REASONS.some(({ name }) => name === error);
}

/** A sentence with a remedy for each TLS failure among the errors. */
export function tlsNotes(byError: Readonly<Record<string, number>>, requests: (count: number) => string): string[] {
  return REASONS.flatMap(({ name, meaning }) => {
    const count = byError[name] ?? 0;
    return count === 0 ? [] : [`${requests(count)} failed as "${name}": ${meaning}.`];
  });
}
