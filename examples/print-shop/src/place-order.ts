/** An order: the record, the count and the event that a worker waits for, all of them or none. */
import { PersistError, type RecordEntry } from "@cuitty/persist";
import { type Order, photoKey, type Shop } from "./shop.ts";

export type Wish = Pick<Order, "reference" | "photo" | "copies">;

export interface Placed {
  readonly order: RecordEntry<Order>;
  /** `false`: it was there already. The customer has not heard of it, and asks again. */
  readonly isNew: boolean;
}

/** Throws NOT_FOUND where there is no such photo. */
export async function placeOrder({ store, orders }: Shop, { reference, photo, copies }: Wish): Promise<Placed> {
  try {
    const order = await store.transaction(async (tx) => {
      if (!(await tx.blobs.has(photoKey(photo)))) throw new PersistError("NOT_FOUND", `There is no photo "${photo}".`);
      const order = await tx.use(orders).add({ reference, photo, copies, state: "ordered" });
      await tx.kv.increment("ordered");
      await tx.events.append("orders", { type: "ordered", data: { order: order.key } });
      return order;
    });
    return { order, isNew: true };
  } catch (error) {
    if (!PersistError.is(error, "CONFLICT")) throw error;
    const [order] = await orders.list({ where: { reference } }).toArray();
    if (order === undefined) throw error;
    return { order, isNew: false };
  }
}
