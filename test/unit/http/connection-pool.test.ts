import { describe, expect, test } from "bun:test";
import type { Connection } from "../../../src/http/connection.ts";
import { ConnectionPool } from "../../../src/http/connection-pool.ts";

/** A pool of at most so many idle connections, what it opened, and what it ended. */
function pooled(most: number) {
  let opened = 0;
  const ended: string[] = [];
  const pool = new ConnectionPool(
    most,
    true,
    () => {
      opened++;
    },
    () => 0,
  );
  const connection = (key: string, name = key) => ({ key, end: () => void ended.push(name) }) as unknown as Connection;
  return { pool, ended, connection, opened: () => opened };
}

describe("idle connections", () => {
  test("are taken by their origin, the last used first; a fresh one is none of them", () => {
    const { pool, connection } = pooled(9);
    const [a, b, other] = [connection("http://a"), connection("http://a"), connection("http://b")];
    for (const one of [a, b, other]) pool.keep(one);
    expect(pool.take("http://a", true)).not.toBe(b);
    expect([pool.take("http://a", false) === b, pool.take("http://a", false) === a]).toEqual([true, true]);
    expect(pool.take("http://a", false).key).toBe("http://a");
    expect(pool.take("http://b", false)).toBe(other);
  });

  test("are no more than may be kept: the oldest ends", () => {
    const { pool, ended, connection } = pooled(2);
    pool.keep(connection("http://a", "a1"));
    pool.keep(connection("http://b", "b1"));
    expect(ended).toEqual([]);
    pool.keep(connection("http://b", "b2"));
    expect(ended).toEqual(["a1"]);
    pool.keep(connection("http://b", "b3"));
    expect(ended).toEqual(["a1", "b1"]);
    // What was taken makes room.
    pool.take("http://b", false);
    pool.keep(connection("http://c", "c1"));
    expect(ended).toHaveLength(2);
  });

  test("that are forgotten make room, once", () => {
    const { pool, ended, connection } = pooled(2);
    const gone = connection("http://a", "a1");
    pool.keep(gone);
    for (let i = 0; i < 2; i++) pool.forget(gone);
    for (const name of ["a2", "a3"]) pool.keep(connection("http://a", name));
    expect(ended).toEqual([]);
    pool.keep(connection("http://a", "a4"));
    expect(ended).toEqual(["a2"]);
  });

  test("all end when the pool closes, and what comes back after it", () => {
    const { pool, ended, connection } = pooled(9);
    for (const name of ["a1", "a2"]) pool.keep(connection("http://a", name));
    pool.close();
    pool.keep(connection("http://a", "a3"));
    expect(ended).toEqual(["a1", "a2", "a3"]);
  });
});

describe("connections that are still being opened for nobody", () => {
  const clogging = (here: number, elsewhere: number) => {
    const made = pooled(9);
    const all = [
      ...Array.from({ length: here }, () => made.connection("http://a:1|")),
      ...Array.from({ length: elsewhere }, (_, i) => made.connection(`http://b:${i + 1}|`)),
    ];
    for (const one of all) made.pool.abandoned(one);
    return { ...made, all };
  };
  const clogged = (here: number, elsewhere: number) => clogging(here, elsewhere).pool.clogged("http://a:1/x");

  test("clog an origin from the eighth on, and all from the 256th", () => {
    expect([clogged(7, 0), clogged(8, 0), clogged(7, 100), clogged(0, 255), clogged(0, 256)]).toEqual([false, true, false, false, true]);
  });

  test("clog it no longer once one is opened, or forgotten, or another is idle", () => {
    const { pool, all, opened, connection } = clogging(9, 0);
    pool.connected(all[0] as Connection);
    expect([opened(), pool.clogged("http://a:1/x")]).toEqual([1, true]);
    pool.forget(all[1] as Connection);
    expect(pool.clogged("http://a:1/x")).toBe(false);
    pool.abandoned(connection("http://a:1|"));
    expect(pool.clogged("http://a:1/x")).toBe(true);
    pool.keep(connection("http://a:1"));
    expect(pool.clogged("http://a:1/x")).toBe(false);
  });
});
