/** What the shop keeps, and where. Every process opens the same store. */
import { createStore, type Records, type Store } from "@cuitty/persist";
import "@cuitty/persist-postgres"; // for the types of its options
import { z } from "zod";

const orderSchema = z.object({
  /** The customer's own name for it. No two orders have the same, so that to send one again is harmless. */
  reference: z.string().min(1).max(100),
  /** Of the photo to print. */
  photo: z.string(),
  copies: z.int().min(1).max(100),
  state: z.enum(["ordered", "printed"]),
  /** The process that did. */
  printedBy: z.int().optional(),
});
export type Order = z.infer<typeof orderSchema>;

export interface Shop {
  readonly store: Store;
  readonly orders: Records<Order>;
}

/** Of a photo's blob. */
export const photoKey = (name: string): string => `photos/${name}`;

export async function openShop(): Promise<Shop> {
  const { DATABASE_URL: url } = process.env;
  if (url === undefined) throw new Error("Set DATABASE_URL, such as postgres://user:password@localhost/database");
  const store = await createStore({
    name: "print-shop",
    adapter: "postgres",
    url,
    pool: { max: 4 }, // for each process
    require: { writers: "network" },
  });
  const orders = store.records.collection("orders", {
    schema: orderSchema,
    indexes: { reference: { on: "reference", unique: true } },
  });
  return { store, orders };
}
