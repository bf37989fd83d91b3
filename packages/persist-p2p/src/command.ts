#!/usr/bin/env node
/** `npx @cuitty/persist-p2p bootstrap` and `… relay`: nodes without data that help peers to find and to reach each other. */
import { parseArgs } from "node:util";
import type { ServeOptions } from "./network/serve.ts";

const usage = `persist-p2p bootstrap [options]   tells peers of one another: discovery { method: "dht", bootstrap: [its address] }
persist-p2p relay [options]       the same, and passes on what peers say that cannot reach each other: relay: [its address]

  --listen <multiaddr>      where to listen, may be repeated. Default /ip4/0.0.0.0/tcp/4001
  --folder <path>           where its identity is kept. Default ./persist-p2p
  --bootstrap <multiaddr>   another such node to be one with, may be repeated
  --help

PERSIST_NETWORK_KEY: 64 hex digits, the option networkKey of the peers.`;

const networkKeyPattern = /^[0-9a-f]{64}$/i;

/** `undefined`: help is asked for. Throws what is wrong. */
function readArguments(args: readonly string[]): ServeOptions | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      listen: { type: "string", multiple: true },
      folder: { type: "string" },
      bootstrap: { type: "string", multiple: true },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return undefined;
  const [kind, ...rest] = positionals;
  if ((kind !== "bootstrap" && kind !== "relay") || rest.length > 0) throw new Error(`What to run?\n\n${usage}`);
  const { PERSIST_NETWORK_KEY: key } = process.env;
  if (key !== undefined && !networkKeyPattern.test(key)) throw new Error("PERSIST_NETWORK_KEY must be 64 hex digits.");
  return {
    kind,
    listen: values.listen ?? ["/ip4/0.0.0.0/tcp/4001"],
    bootstrap: values.bootstrap ?? [],
    folder: values.folder ?? "persist-p2p",
    networkKey: key === undefined ? undefined : Buffer.from(key, "hex"),
  };
}

async function main(): Promise<void> {
  const asked = readArguments(process.argv.slice(2));
  if (asked === undefined) {
    console.log(usage);
    return;
  }
  const { serve } = await import("./network/serve.ts");
  const served = await serve(asked);
  for (const address of served.addresses) console.log(address);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void served.stop());
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
