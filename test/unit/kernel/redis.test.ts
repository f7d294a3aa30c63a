import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { RedisConnection, type RedisConnectionOptions } from "../../../src/kernel/redis/connection.ts";
import { RedisError } from "../../../src/kernel/redis/error.ts";
import { RedisScript } from "../../../src/kernel/redis/port.ts";
import { CAN_CERTIFY, Certifier } from "../../support/certificates.ts";
import { temporaryFolder } from "../../support/cli.ts";
import { HAS_REDIS, RedisServer } from "../../support/redis-server.ts";

/** What becomes of one command: its reply, or problem and sentence. */
async function asked(url: string, options: RedisConnectionOptions = {}, ...[command = "PING", ...args]: string[]): Promise<unknown> {
  try {
    const connection = new RedisConnection(url, { patienceMs: 0, answerMs: 2000, ...options });
    try {
      return await connection.send(command, args);
    } finally {
      connection.close();
    }
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    return `${error.problem}: ${error.message}`;
  }
}

/** A server that answers the first commands of a connection as an old Redis does. */
function oldServer(hello: string) {
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (socket, bytes) => {
        for (const _ of bytes.toString("latin1").matchAll(/HELLO\r\n/g)) socket.write(hello);
      },
      error() {},
    },
  });
  return { url: `redis://127.0.0.1:${listener.port}`, stop: () => listener.stop(true) };
}

describe("an address of Redis", () => {
  test.each([
    ["redis.db", 'must be a URL such as redis://127.0.0.1:6379, got "redis.db"'],
    ["http://h:1", 'must be a URL such as redis://127.0.0.1:6379, got "http://h:1/"'],
    ["redis://", 'names no host, got "redis://"'],
    ["redis://u:secret@h/one", 'may have the number of a database as its path, nothing else, got "redis://u:…@h/one"'],
    ["redis://%zz@h", 'may have a % only before two hexadecimal digits that encode text, got "redis://%zz@h"'],
  ])("%s is refused with a sentence, its password not shown", async (url, sentence) => {
    expect(await asked(url)).toBe(`address: a Redis address ${sentence}`);
  });

  test("where nothing listens is named", async () => {
    expect(await asked("redis://u:secret@127.0.0.1:1")).toStartWith("unreachable: no Redis answers at redis://u:…@127.0.0.1:1");
  });

  test.each([
    ["-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n", "before 6"],
    ["%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n6.0.16\r\n", "6.0.16"],
  ])("an old Redis is named with its version", async (hello, version) => {
    const server = oldServer(hello);
    expect(await asked(server.url)).toBe(`version: ${server.url} is Redis ${version}; 6.2 or later is needed`);
    server.stop();
  });
});

describe("a connection that breaks as it is made", () => {
  test("is made again", async () => {
    let connections = 0;
    const listener = Bun.listen<number>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          socket.data = ++connections;
        },
        data: (socket, bytes) => {
          for (const [command] of bytes.toString("latin1").matchAll(/HELLO|PING|ECHO/g)) {
            if (command === "PING" && socket.data === 1) socket.end();
            else socket.write(command === "HELLO" ? "%1\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n" : `+${command}\r\n`);
          }
        },
        error() {},
      },
    });
    const connection = new RedisConnection(`redis://127.0.0.1:${listener.port}`, { patienceMs: 2000, answerMs: 500 });
    expect(await connection.send("ECHO", ["x"])).toBe("ECHO");
    connection.close();
    listener.stop(true);
  });
});

describe.skipIf(!HAS_REDIS)("a connection to Redis (needs redis-server)", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start("--appendonly", "yes", "--appendfsync", "always");
  });
  afterAll(() => server.stop());

  test("carries text, bytes as text, and scripts with many arguments, also to a server that has forgotten them", async () => {
    const connection = new RedisConnection(server.url);
    const script = new RedisScript("return {#ARGV, ARGV[#ARGV], {KEYS[1], false, 2}}");
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const args = [...Array.from({ length: 3000 }, (_, i) => `é${i}🙂`), Buffer.from(bytes).toString("base64")];
    for (let round = 0; round < 2; round++) {
      const [count, last, rest] = (await connection.run(script, ["k"], args)) as [number, string, unknown];
      expect([count, Buffer.from(last, "base64"), rest]).toEqual([3001, Buffer.from(bytes), ["k", null, 2]]);
      await connection.send("SCRIPT", ["FLUSH"]);
    }
    const replies = await Promise.all(["a\r\nb", "", "\0"].map((text) => connection.send("ECHO", [text])));
    expect(replies).toEqual(["a\r\nb", "", "\0"]);
    connection.close();
    expect(await connection.send("PING").catch(String)).toBe(`RedisError: the connection to ${server.url} is closed`);
  });

  test("an error reply says what the server said", async () => {
    expect(await asked(server.url, {}, "GET")).toBe(`reply: ${server.url} answered: ERR wrong number of arguments for 'get' command`);
  });

  test("a server that is killed: what was in flight is not sent again, what is sent meanwhile waits for it to be back", async () => {
    const connection = new RedisConnection(server.url, { patienceMs: 20_000 });
    await connection.send("DEL", ["list"]);
    const blocked = connection.send("BLPOP", ["list", "0"]).catch(({ problem }) => problem);
    await Bun.sleep(20);
    const restarted = server.restart({ downMs: 100 });
    expect(await blocked).toBe("interrupted");
    expect(await connection.send("RPUSH", ["list", "one"])).toBe(1);
    await restarted;
    expect(await connection.send("LRANGE", ["list", "0", "-1"])).toEqual(["one"]);
    connection.close();
  });

  test("a server that is frozen breaks the connection after a while, and is used again once it goes on", async () => {
    const connection = new RedisConnection(server.url, { answerMs: 100, patienceMs: 5000 });
    await connection.connect();
    server.signal("SIGSTOP");
    expect(await connection.send("PING").catch(({ problem }) => problem)).toBe("interrupted");
    const waits = connection.send("PING");
    await Bun.sleep(150);
    server.signal("SIGCONT");
    expect(await waits).toBe("PONG");
    connection.close();
  });

  test("a full server refuses what would make it fuller, by name", async () => {
    const connection = new RedisConnection(server.url);
    await connection.send("CONFIG", ["SET", "maxmemory", "1"]);
    expect(await asked(server.url, {}, "SET", "k", "v")).toBe(
      `full: ${server.url} is full: its memory reached maxmemory and it evicts nothing`,
    );
    expect(await asked(server.url, {}, "DEL", "k")).toBe(0);
    await connection.send("CONFIG", ["SET", "maxmemory", "0"]);
    connection.close();
  });

  test("a password that is missing, wrong or right; a command that a user may not use", async () => {
    await using locked = await RedisServer.start(
      "--requirepass",
      "secret",
      "--user",
      "reader",
      "on",
      ">pass",
      "~*",
      "+@read",
      "+hello",
      "+ping",
    );
    const at = (user: string) => locked.url.replace("//", `//${user}`);
    expect(await asked(locked.url)).toBe(`refused: ${locked.url} needs a password: redis://user:password@host`);
    expect(await asked(at(":wrong@"))).toBe(`refused: ${at(":…@")} does not accept this user and password`);
    expect(await asked(at(":secret@"))).toBe("PONG");
    expect(await asked(at("reader:pass@"))).toBe("PONG");
    expect(await asked(at("reader:pass@"), {}, "SET", "k", "v")).toStartWith(
      `refused: ${at("reader:…@")} does not allow this user what is needed (NOPERM`,
    );
  });

  test("a database that there is not, and a user without a password, are told as the server tells them", async () => {
    expect(await asked(`${server.url}/99`)).toBe(`reply: ${server.url}/99 answered: ERR DB index is out of range`);
    const nobody = server.url.replace("//", "//nobody@");
    expect(await asked(nobody)).toBe(`refused: ${nobody} does not accept this user and password`);
    expect(await asked(`${server.url}/1`)).toBe("PONG");
  });

  test.skipIf(!CAN_CERTIFY)("TLS: a certificate that is trusted, and one that is not (needs openssl)", async () => {
    const folder = temporaryFolder();
    const certifier = new Certifier(folder);
    const authority = certifier.authority("authority");
    const { certFile, keyFile } = certifier.certificate("server", "authority", "DNS:localhost,IP:127.0.0.1");
    const files = ["--tls-cert-file", certFile, "--tls-key-file", keyFile, "--tls-ca-cert-file", authority.certFile];
    await using secure = await RedisServer.startSecure(...files, "--tls-auth-clients", "no");
    expect(await asked(secure.url, { tls: { ca: authority.cert } })).toBe("PONG");
    expect(await asked(secure.url)).toStartWith(`unreachable: no Redis answers at ${secure.url} (`);
    expect(await asked(secure.url.replace("rediss", "redis"), { answerMs: 200 })).toStartWith("unreachable: no Redis answers at redis://");
    expect(await asked(server.url.replace("redis", "rediss"), { answerMs: 200 })).toStartWith("unreachable: no Redis answers at rediss://");
    rmSync(folder, { recursive: true });
  });
});
