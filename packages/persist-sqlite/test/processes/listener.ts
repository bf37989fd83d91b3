/** Listens for changes, and has nothing else to do: it ends by itself. */
import { sqlite } from "../../src/adapter.ts";

const adapter = await sqlite({ path: process.argv[2] ?? "" });
const engine = await adapter.engine?.({ name: "test", namespace: "" });
engine?.wake(() => undefined);
