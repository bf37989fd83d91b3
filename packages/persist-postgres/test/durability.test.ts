// Servers that may lose what they acknowledge are warned of, and not called durable.
import { findPostgres, mayBeMissing } from "@cuitty/persist-servers";
import { describe, expect, onTestFinished, test } from "vitest";
import { openStore, startServer } from "./stores.ts";

const missing = mayBeMissing(() => findPostgres());

describe.skipIf(missing)(`durability${missing && ` (skipped: ${missing})`}`, () => {
  async function warningsWhileOpening(flags: Record<string, string>): Promise<{ said: string[]; durability: string }> {
    const server = await startServer({ flags: { fsync: "on", synchronous_commit: "on", ...flags } });
    const said: string[] = [];
    const listen = (warning: Error) => void (warning.name === "PersistWarning" && said.push(warning.message));
    process.on("warning", listen);
    onTestFinished(() => void process.off("warning", listen));
    const { durability } = (await openStore(server.url)).capabilities;
    await new Promise(setImmediate);
    return { said, durability };
  }

  test("synchronous_commit=off is warned of", async () => {
    const { said, durability } = await warningsWhileOpening({ synchronous_commit: "off" });
    expect(said.join()).toMatch(/synchronous_commit = off.*loses the last of the writes/);
    expect(durability).toBe("memory");
  });

  test("fsync=off is warned of", async () => {
    const { said, durability } = await warningsWhileOpening({ fsync: "off" });
    expect(said.join()).toMatch(/fsync = off.*damage the whole database/);
    expect(durability).toBe("memory");
  });

  test("a server that keeps what it acknowledges is not", async () => {
    expect(await warningsWhileOpening({})).toEqual({ said: [], durability: "disk" });
  });
});
