import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TLSOptions } from "bun";
import { FetchTransport } from "../../src/http/fetch-transport.ts";
import type { TlsRule } from "../../src/http/tls.ts";
import type { Transport } from "../../src/http/transport.ts";
import { Transports } from "../../src/http/transports.ts";
import { fetchSchema } from "../../src/scenario/fetch-schema.ts";
import { resolveScenario } from "../../src/scenario/load.ts";
import { YamlFile } from "../../src/scenario/yaml-file.ts";
import { nameOf } from "../../src/workloads/fetch/failure-name.ts";
import { checkFiles } from "../../src/workloads/fetch/permission.ts";
import { tlsRuleOf } from "../../src/workloads/fetch/tls-files.ts";
import { isLasting, tlsNotes } from "../../src/workloads/fetch/tls-reasons.ts";
import { asking } from "../support/asked.ts";
import { CAN_CERTIFY, Certifier, FUTURE, PAST } from "../support/certificates.ts";
import { temporaryFolder } from "../support/cli.ts";

const folder = temporaryFolder();
const closing: (() => void)[] = [];
afterAll(() => {
  for (const close of closing) close();
});

const HERE = "DNS:localhost,IP:127.0.0.1";
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

const KINDS: Readonly<Record<string, (tls: TlsRule) => Transport>> = {
  "sockets of its own": (tls) => {
    const wires = new Transports({ keepAlive: true, most: 4, tls });
    closing.push(() => wires.close());
    return wires.forSlot()("https://h/");
  },
  fetch: (tls) => new FetchTransport(true, fetch, { tls }),
};

/** A server that answers all who get so far; its port. */
function serve(tls: TLSOptions | null): number {
  const socket = { data: (to: { write(text: string): number }) => void to.write(OK), error() {} };
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket, ...(tls === null ? {} : { tls }) });
  closing.push(() => listener.stop(true));
  return listener.port;
}

/** What comes of one request: its status, or what it failed of. */
async function outcome(wire: Transport, url: string, foreign = false): Promise<number | string> {
  try {
    const { status } = await wire.send(asking(url, { foreign }), "1.1");
    await wire.readBody(null);
    return status;
  } catch (error) {
    return nameOf(error);
  }
}

/** Certificates are made here by openssl; without it there is nothing to look at. */
describe.skipIf(!CAN_CERTIFY)("TLS with certificates made by openssl", () => {
  mkdirSync(join(folder, "certificates"));
  const certifier = new Certifier(join(folder, "certificates"));
  const made = CAN_CERTIFY
    ? {
        good: certifier.authority("good"),
        other: certifier.authority("other"),
        server: certifier.certificate("server", "good", HERE),
        elsewhere: certifier.certificate("elsewhere", "good", "DNS:elsewhere.test"),
        expired: certifier.certificate("expired", "good", HERE, PAST),
        future: certifier.certificate("future", "good", HERE, FUTURE),
        client: certifier.certificate("client", "good", "DNS:client"),
        alone: certifier.selfSigned("alone", HERE),
      }
    : null;
  const all = () => {
    if (made === null) throw new Error("no openssl");
    return made;
  };

  describe.each(Object.keys(KINDS))("%s", (kind) => {
    const wireOf = (tls: TlsRule) => (KINDS[kind] as (typeof KINDS)[string])(tls);
    const ask = (port: number, tls: TlsRule, host = "127.0.0.1") =>
      outcome(wireOf({ rejectUnauthorized: true, ...tls }), `https://${host}:${port}/`);

    test("a server that one vouches for is asked, by each of its names", async () => {
      const port = serve(all().server);
      expect(await ask(port, { ca: all().good.cert })).toBe(200);
      expect(await ask(port, { ca: all().good.cert }, "localhost")).toBe(200);
    });

    test.each([
      ["TLS: certificate expired", "expired", "good"],
      ["TLS: certificate not valid yet", "future", "good"],
      ["TLS: unknown authority", "server", "other"],
      ["TLS: unknown authority", "server", null],
      ["TLS: self-signed certificate", "alone", "good"],
      ["TLS: self-signed certificate", "alone", null],
      ["TLS: wrong name", "elsewhere", "good"],
    ] as const)("%s: that of %s, known: %s", async (name, server, ca) => {
      const port = serve(all()[server]);
      expect(await ask(port, ca === null ? {} : { ca: all()[ca].cert })).toBe(name);
      // Whoever asks may do without.
      expect(await ask(port, { rejectUnauthorized: false })).toBe(200);
    });

    test("a server is asked for another name than its address, and has to show that", async () => {
      const port = serve(all().elsewhere);
      const ca = all().good.cert;
      expect(await ask(port, { ca, serverName: "elsewhere.test" })).toBe(200);
      expect(await ask(port, { ca, serverName: "nowhere.test" })).toBe("TLS: wrong name");
    });

    test("who vouches for itself is known where it is named", async () => {
      expect(await ask(serve(all().alone), { ca: all().alone.cert })).toBe(200);
    });

    test("a server that wants to know who asks is told, where there is a certificate", async () => {
      const port = serve({ ...all().server, ca: all().good.cert, requestCert: true, rejectUnauthorized: true });
      const ca = all().good.cert;
      const { cert, key } = all().client;
      expect(await ask(port, { ca, cert, key })).toBe(200);
      // Bun's `fetch` does not tell why a handshake failed.
      expect(await ask(port, { ca })).toBe(kind === "fetch" ? "TLS" : "TLS: client certificate required");
    });

    test("what does not speak TLS is told from what comes to no agreement", async () => {
      expect(await ask(serve(null), { ca: all().good.cert })).toBe(kind === "fetch" ? "TLS" : "TLS: not spoken");
    });
  });

  test("a host that a redirect leads to does not hear who asks, and its connections are no others'", async () => {
    const heard: boolean[] = [];
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      tls: { ...all().server, ca: all().good.cert, requestCert: true, rejectUnauthorized: false },
      socket: {
        data(socket) {
          heard.push(socket.getPeerCertificate() !== undefined && Object.keys(socket.getPeerCertificate() ?? {}).length > 0);
          socket.write(OK);
        },
      },
    });
    closing.push(() => listener.stop(true));
    const wires = new Transports({
      keepAlive: true,
      most: 4,
      tls: { ca: all().good.cert, cert: all().client.cert, key: all().client.key },
    });
    closing.push(() => wires.close());
    const wire = wires.forSlot()("https://h/");
    const url = `https://127.0.0.1:${listener.port}/`;
    for (const foreign of [false, true, false, true]) expect(await outcome(wire, url, foreign)).toBe(200);
    expect(heard).toEqual([true, false, true, false]);
  });

  const scenarioOf = (tls: object) => {
    const whole = { title: "tls", workload: "fetch", fetch: { urls: ["https://127.0.0.1:1/"], tls } };
    return resolveScenario(YamlFile.parse("tls", JSON.stringify(whole)), join(folder, "tls")).scenario;
  };
  const problemOf = (tls: object) => {
    try {
      checkFiles(scenarioOf(tls));
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  };

  test("files that are no use are told before anything is sent, by field", () => {
    const { client, other, good } = all();
    const nonsense = join(folder, "nonsense.pem");
    writeFileSync(nonsense, "nonsense");
    expect(problemOf({ ca: good.certFile, cert: client.certFile, key: client.keyFile })).toBeNull();
    expect(problemOf({ ca: nonsense })).toBe("fetch.tls.ca: must hold certificates in PEM");
    expect(problemOf({ ca: `${nonsense}x` })).toMatch(/^fetch\.tls\.ca: .*nonsense\.pemx cannot be read/);
    expect(problemOf({ cert: nonsense, key: client.keyFile })).toBe("fetch.tls.cert: must hold a certificate in PEM");
    expect(problemOf({ cert: client.certFile, key: client.certFile })).toBe("fetch.tls.key: must hold a private key in PEM");
    expect(problemOf({ cert: client.certFile, key: other.keyFile })).toBe("fetch.tls.key: is not the key of fetch.tls.cert");
  });

  test("an encrypted key is opened by what the environment says, and not by anything else", () => {
    const { client } = all();
    const key = certifier.encrypted("client", "sesame");
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what the scenario says
    const named = { cert: client.certFile, key, passphrase: "${LAB_TEST_PASSPHRASE}" };
    expect(problemOf({ cert: client.certFile, key })).toBe("fetch.tls.key: is encrypted, so fetch.tls.passphrase is required");
    expect(problemOf(named)).toBe("fetch.tls.passphrase: the environment has no LAB_TEST_PASSPHRASE, which it names");
    process.env["LAB_TEST_PASSPHRASE"] = "wrong";
    expect(problemOf(named)).toBe("fetch.tls.passphrase: does not open fetch.tls.key");
    process.env["LAB_TEST_PASSPHRASE"] = "sesame";
    expect(problemOf(named)).toBeNull();
    expect(tlsRuleOf(fetchSchema.parse({ tls: named }).tls, process.env).passphrase).toBe("sesame");
    delete process.env["LAB_TEST_PASSPHRASE"];
  });
});

describe("why TLS came to no agreement", () => {
  // What BoringSSL says of a server that Bun cannot play: seen with openssl's s_server and nginx.
  test.each([
    ["error:1000042e:SSL routines:OPENSSL_internal:TLSV1_ALERT_PROTOCOL_VERSION", "TLS: version"],
    ["error:10000410:SSL routines:OPENSSL_internal:SSLV3_ALERT_HANDSHAKE_FAILURE", "TLS: refused"],
    ["error:10000418:SSL routines:OPENSSL_internal:TLSV1_ALERT_UNKNOWN_CA", "TLS: client certificate refused"],
    ["error:10000458:SSL routines:OPENSSL_internal:TLSV1_ALERT_UNRECOGNIZED_NAME", "TLS: unknown name"],
    ["error:1000007d:SSL routines:OPENSSL_internal:SOMETHING_ELSE", "TLS"],
  ])("%s is %s", (message, name) => {
    expect(nameOf(Object.assign(new Error(message), { code: "EPROTO" }))).toBe(name);
  });

  test("is told in a sentence with what can be done, and is not tried again where it will be so again", () => {
    const notes = tlsNotes({ "TLS: certificate expired": 2, "TLS: wrong name": 1, timeout: 3 }, (count) => `${count} requests`);
    expect(notes).toHaveLength(2);
    expect(notes[0]).toMatch(/^2 requests failed as "TLS: certificate expired": .* fetch\.tls\.insecure does without it\.$/);
    expect([isLasting("TLS: certificate expired"), isLasting("TLS"), isLasting("connection closed")]).toEqual([true, false, false]);
  });
});
