import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** True where certificates can be made. */
export const CAN_CERTIFY = Bun.which("openssl") !== null;

/** A certificate and its key, PEM, and the files they are in. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

interface Lifetime {
  /** As openssl has it: YYYYMMDDHHMMSSZ. */
  readonly from: string;
  readonly to: string;
}

const NOW: Lifetime = { from: "20200101000000Z", to: "21200101000000Z" };
export const PAST: Lifetime = { from: "20200101000000Z", to: "20200102000000Z" };
export const FUTURE: Lifetime = { from: "21100101000000Z", to: "21200101000000Z" };

/** Makes certificates in a folder, by openssl. */
export class Certifier {
  constructor(private readonly folder: string) {}

  /** Who vouches for others. */
  authority(name: string): Certificate {
    this.openssl("req", "-x509", ...NEW_KEY, this.at(name, "key"), "-out", this.at(name, "pem"), "-days", "9000", "-subj", `/CN=${name}`);
    return this.read(name);
  }

  /** One for these names, such as DNS:localhost,IP:127.0.0.1, that an authority vouches for. */
  certificate(name: string, by: string, names: string, lifetime: Lifetime = NOW): Certificate {
    this.openssl("req", ...NEW_KEY, this.at(name, "key"), "-out", this.at(name, "csr"), "-subj", `/CN=${name}`);
    const [config, index, serial, extensions] = [this.at(name, "conf"), this.at(name, "txt"), this.at(name, "srl"), this.at(name, "ext")];
    writeFileSync(index, "");
    writeFileSync(serial, "1000\n");
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    writeFileSync(
      config,
      `[ca]\ndefault_ca=one\n[one]\ndatabase=${index}\nserial=${serial}\nnew_certs_dir=${this.folder}\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n`,
    );
    const signer = ["-cert", this.at(by, "pem"), "-keyfile", this.at(by, "key"), "-extfile", extensions];
    const span = ["-startdate", lifetime.from, "-enddate", lifetime.to];
    this.openssl(
      "ca",
      "-batch",
      "-notext",
      "-config",
      config,
      "-in",
      this.at(name, "csr"),
      "-out",
      this.at(name, "pem"),
      ...signer,
      ...span,
    );
    return this.read(name);
  }

  /** One that vouches for itself. */
  selfSigned(name: string, names: string): Certificate {
    const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${names}`, "-addext", "basicConstraints=critical,CA:FALSE"];
    this.openssl("req", "-x509", ...NEW_KEY, this.at(name, "key"), "-out", this.at(name, "pem"), "-days", "9000", ...subject);
    return this.read(name);
  }

  /** The key of one, encrypted; its file. */
  encrypted(name: string, passphrase: string): string {
    const file = this.at(name, "encrypted");
    this.openssl("pkcs8", "-topk8", "-in", this.at(name, "key"), "-out", file, "-passout", `pass:${passphrase}`);
    return file;
  }

  private at(name: string, kind: string): string {
    return join(this.folder, `${name}.${kind}`);
  }

  private read(name: string): Certificate {
    const [certFile, keyFile] = [this.at(name, "pem"), this.at(name, "key")];
    return { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8"), certFile, keyFile };
  }

  private openssl(...args: string[]): void {
    const { success, stderr } = Bun.spawnSync(["openssl", ...args], { stdout: "ignore", stderr: "pipe" });
    if (!success) throw new Error(`openssl ${args[0]}: ${stderr.toString()}`);
  }
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"] as const;
