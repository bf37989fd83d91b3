/** A process of its own that appends, now and then, events that say when. Started by latency.ts. */
import { clock, pause } from "./latency.ts";
import { openPersistLog } from "./log.ts";

const [folder = "", count = "0"] = process.argv.slice(2);
const log = await openPersistLog(folder, "relaxed");
for (let n = 0; n < Number(count); n++) {
  await log.append({ at: clock() });
  await pause();
}
await log.close();
