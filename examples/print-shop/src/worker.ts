/** Prints what was ordered. Of all workers one prints at a time; when it dies, another goes on where it was. */
import { once } from "node:events";
import type { ConsumerHandler } from "@cuitty/persist";
import type { Shop } from "./shop.ts";

/** Resolves when it has ended. */
export async function printOrders({ store, orders }: Shop, ending: AbortSignal): Promise<void> {
  // What it writes by `tx` commits together with "this event is done": so it happens once, whenever the process dies.
  const print: ConsumerHandler = async ({ data }, { tx }) => {
    if (tx === undefined) throw new Error("There is a transaction with exactlyOnce.");
    const { order } = data as { order: string };
    const { value } = await tx.use(orders).update(order, { state: "printed", printedBy: process.pid });
    await tx.kv.increment("sheets", value.copies);
    await tx.events.append("prints", { type: "printed", data: { order } });
  };

  const consumer = store.events.consume("printer", print, {
    filter: { types: ["ordered"] },
    exactlyOnce: true,
    deadLetter: "unprintable",
  });
  console.log(`worker ${process.pid} is ready`);
  await once(ending, "abort");
  await consumer.stop();
}
