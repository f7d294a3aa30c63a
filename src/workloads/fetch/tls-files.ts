import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { TlsRule } from "../../http/tls.ts";
import type { FetchSettings } from "../../scenario/schema.ts";
import { type Env, filled } from "./header-fields.ts";

type TlsSettings = FetchSettings["tls"];

/** Reads the files named by a scenario's TLS settings. */
export function tlsRuleOf({ insecure, ca, cert, key, passphrase, serverName }: TlsSettings, env: Env): TlsRule {
  return {
    rejectUnauthorized: !insecure,
    ...(ca === undefined ? {} : { ca: readFileSync(ca, "utf8") }),
    ...(cert === undefined ? {} : { cert: readFileSync(cert, "utf8") }),
    ...(key === undefined ? {} : { key: readFileSync(key, "utf8") }),
    ...(passphrase === undefined ? {} : { passphrase: filled(passphrase, env) }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

/** Why readable files are unusable, as a sentence that names the field; null: they are usable. */
export function tlsFault({ ca, cert, key, passphrase }: TlsRule): string | null {
  if (ca !== undefined && !(isCertificate(ca) && opens({ ca }))) return "fetch.tls.ca: must hold certificates in PEM";
  if (cert === undefined || key === undefined) return null;
  if (!isCertificate(cert)) return "fetch.tls.cert: must hold a certificate in PEM";
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key)) return "fetch.tls.key: must hold a private key in PEM";
  const fault = faultOf({ cert, key, ...(passphrase === undefined ? {} : { passphrase }) });
  if (fault === null) return null;
  if (fault.includes("KEY_VALUES_MISMATCH") || fault.includes("KEY_TYPE_MISMATCH"))
    return "fetch.tls.key: is not the key of fetch.tls.cert";
  if (!/ENCRYPTED/.test(key)) return "fetch.tls.cert, fetch.tls.key: are no certificate and key that TLS can use";
  return passphrase === undefined
    ? "fetch.tls.key: is encrypted, so fetch.tls.passphrase is required"
    : "fetch.tls.passphrase: does not open fetch.tls.key";
}

function isCertificate(pem: string): boolean {
  return pem.includes("-----BEGIN CERTIFICATE-----");
}

function opens(parts: TlsRule): boolean {
  return faultOf(parts) === null;
}

function faultOf(parts: TlsRule): string | null {
  try {
    createSecureContext(parts);
    return null;
  } catch (error) {
    const { code = "", message = "" } = error as { code?: unknown; message?: string };
    return `${String(code)} ${message}`;
  }
}
