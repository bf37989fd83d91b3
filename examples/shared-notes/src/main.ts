/** See ../README.md. */
import { openNotes } from "./notes.ts";
import { settings } from "./settings.ts";
import { serve } from "./web.ts";

const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => ending.abort());

const notes = await openNotes(settings);
await serve(notes, settings.port, ending.signal);
await notes.store.close();
