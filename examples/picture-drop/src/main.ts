/** See ../README.md. */
import { openDrop } from "./drop.ts";
import { tidy } from "./tidy.ts";
import { serve } from "./web.ts";

const { PORT = "8080" } = process.env;

const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => ending.abort());

const drop = await openDrop();
await tidy(drop);
await serve(drop, Number(PORT), ending.signal);
await drop.store.close();
