/** Starts the processes of the shop, and is each of them: see ../README.md. */
import { openShop } from "./shop.ts";
import { keepRunning } from "./supervisor.ts";
import { serve } from "./web.ts";
import { printOrders } from "./worker.ts";

const { SHOP_ROLE: role, WEB = "3", WORKERS = "2", PORT = "8080" } = process.env;

const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => ending.abort());

if (role === undefined) {
  keepRunning({ web: Number(WEB), worker: Number(WORKERS) }, ending.signal);
} else {
  const shop = await openShop();
  await (role === "web" ? serve(shop, Number(PORT), ending.signal) : printOrders(shop, ending.signal));
  await shop.store.close();
  process.disconnect();
}
