/** What happens to the orders, as it happens: server-sent events. A browser's EventSource that was cut off goes on where it was, at whichever process it gets to. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Change, RecordEntry, Watcher } from "@cuitty/persist";
import type { Order, Shop } from "./shop.ts";

/** First all orders that are there, and then each that changes. */
export async function showLive(
  { orders }: Shop,
  request: IncomingMessage,
  response: ServerResponse,
  ending: AbortSignal,
): Promise<void> {
  const since = request.headers["last-event-id"];
  const from = typeof since === "string" ? { since } : { initial: true };
  await using watcher = orders.watch(undefined, { ...from, signal: ending });
  response.on("close", () => void watcher.close());
  await watcher.ready;
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.flushHeaders();
  await pipeline(messages(watcher), response);
}

async function* messages(watcher: Watcher<Change<RecordEntry<Order>>>): AsyncGenerator<string> {
  for await (const change of watcher) {
    if (change.type !== "put" || change.value === undefined) continue;
    yield `id: ${change.cursor}\ndata: ${JSON.stringify({ order: change.key, ...change.value.value })}\n\n`;
  }
}
