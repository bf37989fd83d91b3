// Some clients in a process of their own, which may be killed: `node history-client.ts ADAPTER LOCATION JOURNAL KIND SEED OPERATIONS CLIENTS NAME`. Each call is in the
// journal, as a line of JSON, before it is made, and again when it is over.
import { openSync, writeSync } from "node:fs";
import { createStore } from "@cuitty/persist-core";
import { createDice } from "../../src/history/dice.ts";
import { createRecorder } from "../../src/history/recorder.ts";
import { useEvents, useRegisters } from "../../src/history/workload.ts";
import { type SharedAdapter, sharedAdapters } from "./shared-adapters.ts";

const [use = "", location = "", ...told] = process.argv.slice(2);
const [journal = "", kind = "", seed = "", operations = "", clients = "", name = ""] = told;

const file = openSync(journal, "w");
const note = (line: unknown) => void writeSync(file, `${JSON.stringify(line)}\n`);
/** The machine's, which all processes share. */
const now = () => Number(process.hrtime.bigint());
const names = Array.from({ length: Number(clients) }, (_, n) => `${name}-${n + 1}`);

const adapter = await sharedAdapters[use as SharedAdapter](location);
const store = await createStore({ name: "histories", adapter });
console.log("ready");
await new Promise((resolve) => process.stdin.once("data", resolve));
process.stdin.destroy();

if (kind === "events") {
  let left = Number(operations);
  await Promise.all(
    names.map((client, n) =>
      useEvents(store.events, {
        client,
        dice: createDice(Number(seed) + n),
        now,
        onAppend: (id, append) => note([`${client} ${id}`, append]),
        onRead: (read) => note(["read", read]),
        goesOn: () => left-- > 0,
        withOutages: use === "postgres",
      }),
    ),
  );
} else {
  const recorder = createRecorder({ now, onCall: (id, call) => note([`${name} ${id}`, call]) });
  const all = names.map((client) => {
    return [client, kind === "kv" ? recorder.kv(client, store.kv) : recorder.records(client, store.records)] as const;
  });
  await useRegisters(all, { seed: Number(seed), operations: Number(operations) });
}
await store.close();
await adapter.close?.();
