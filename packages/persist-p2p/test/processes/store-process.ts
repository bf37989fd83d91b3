/** A store in a process of its own, which does what it is told: its options come as JSON, commands and answers as messages. */
import { setTimeout as pause } from "node:timers/promises";
import { createStore } from "@cuitty/persist-core";
import "@cuitty/persist-p2p";
import { p2p } from "@cuitty/persist-p2p";
import type { Command, Message, Status, Write } from "./store-processes.ts";

const store = await createStore({ name: "notes", adapter: "p2p", ...JSON.parse(process.argv[2] as string) });
const say = (message: Message): void => void process.send?.(message);
let isWriting = false;
let working: Promise<void> = Promise.resolve();

/** One after the other, all kinds in one transaction each. What is said to be done is. */
async function work({ name, first, breather }: Write): Promise<void> {
  for (let i = first; isWriting; i++) {
    await store.transaction(async (tx) => {
      await tx.kv.set(`${name}/${i}`, i);
      await tx.kv.set("shared", `${name}/${i}`);
      await tx.records.put(`${name}/${i}`, { by: name, i });
      await tx.events.append("log", { id: `${name}/${i}`, type: "written", data: i });
    });
    await store.kv.increment("sum");
    say({ done: i });
    await pause(breather);
  }
}

async function eventIds(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of store.events.read("log")) ids.push(id);
  return ids;
}

function status(): Status {
  const { discovery, listening } = p2p(store).status();
  const peers = p2p(store).peers();
  const inSync = peers.filter((peer) => peer.inSync).length;
  const over = peers.map(({ address }) => address);
  return { discovery, listening, linked: peers.length, over, inSync, memory: process.memoryUsage.rss() };
}

function obey(command: Command): unknown {
  switch (command.do) {
    case "write":
      isWriting = true;
      working = work(command);
      return undefined;
    case "rest":
      isWriting = false;
      return working;
    case "set":
      return store.kv.set(command.key, command.value);
    case "get":
      return store.kv.get(command.key);
    case "put-blob":
      return store.blobs.put(command.key, new Uint8Array(command.size).fill(7));
    case "append":
      return store.events.append("log", { id: command.id, type: "written", data: command.id });
    case "digest":
      return store.digest();
    case "keys":
      return store.kv.keys().toArray();
    case "events":
      return eventIds();
    case "status":
      return status();
    case "close":
      return store.close();
  }
}

for (const event of ["refused", "clock-skew"] as const) p2p(store).on(event, () => say({ told: event }));

process.on("message", async ({ id, command }: { id: number; command: Command }) => {
  try {
    say({ id, answer: await obey(command) });
  } catch (error) {
    say({ id, error: String(error) });
  }
});
process.once("disconnect", () => process.exit());
say({ open: true });
