// What is wrong below a store is found.
import { findPostgres, mayBeMissing } from "@cuitty/persist-servers";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import { describe, expect, test } from "vitest";
import { checkIntegrity } from "../src/adapter.ts";
import { openSql, openStore } from "./stores.ts";

const missing = mayBeMissing(() => findPostgres());

describe.skipIf(missing)(`integrity${missing && ` (skipped: ${missing})`}`, () => {
  const database = useDatabase();

  async function fill(schema: string): Promise<void> {
    const store = await openStore(database.url, { schema });
    const people = store.records.collection<{ name: string }>("people", { indexes: { name: { on: "name" } } });
    await people.put("a", { name: "Ada" });
    await people.put("b", { name: "Bob" });
    await people.delete("b");
    await store.kv.setMany([
      ["x", 1],
      ["y", 2],
    ]);
    await store.kv.delete("x");
    await store.blobs.put("film", new Uint8Array(600_000));
    await store.blobs.put("film", new Uint8Array(700_000));
    for (const stream of ["s", "t"]) {
      await store.events.append(stream, [
        { type: "t", data: 1 },
        { type: "t", data: 2 },
        { type: "t", data: 3 },
      ]);
    }
    await store.events.truncate("s", 3);
  }

  test("nothing is wrong with what a store has written", async () => {
    await fill("sound");
    expect(await checkIntegrity({ url: database.url, schema: "sound" })).toEqual([]);
  });

  test.each([
    ["bytes of a blob are gone", "delete from S.blob_chunks where n = 1", /content \d+ should have \d+ bytes and has/],
    ["a blob's content is gone", "delete from S.blob_contents where free_at is null", /blob 'film' .* is not there/],
    ["a content is to be freed", "update S.blob_contents set free_at = 1", /'film' .* due to be freed/],
    ["a content is nobody's", "delete from S.blobs", /belongs to no blob/],
    [
      "an event is gone",
      "delete from S.events where position = 5",
      /the log of scope \d+ has 5 events up to position 6/,
    ],
    [
      "an event is not erased",
      "update S.events set type = 't' where version = 1",
      /event 1 of stream 's' .* should be erased/,
    ],
    ["a stream is gone", "delete from S.streams where stream = 't'", /is in stream 't', which is not there/],
    [
      "a stream's head is behind",
      "update S.streams set version = 2 where stream = 't'",
      /stream 't' .* ends with version 2/,
    ],
    ["a record is gone", "delete from S.records", /points to record '.*', which is not there/],
    [
      "a place is taken twice",
      "update S.kv set xact = 1, n = 1; update S.deletions set xact = 1, n = 1",
      /place 1 of transaction 1 was given out/,
    ],
    ["a change is of the future", "update S.kv set xact = xact + 1000000", /the cluster has come to \d+ only/],
  ])("it is found that %s", async (name, damage, problem) => {
    const schema = name.replaceAll(/\W/g, "_");
    await fill(schema);
    await openSql(database.url).unsafe(damage.replaceAll("S.", `${schema}.`));
    expect((await checkIntegrity({ url: database.url, schema })).join("\n")).toMatch(problem);
  });

  test("what is not Persist's is refused", async () => {
    await expect(checkIntegrity({ url: database.url, schema: "nobodys" })).rejects.toMatchObject({ code: "MIGRATION" });
  });
});
