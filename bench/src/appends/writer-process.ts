/** A process of writers. Started by writers.ts; ends with the channel. */
import { type MechanismName, mechanisms } from "./mechanisms.ts";
import type { Task } from "./writers.ts";

const [name = "", url = "", count = "1", process_ = "0"] = process.argv.slice(2);
const appender = await mechanisms[name as MechanismName].open(url);
const writers = Array.from({ length: Number(count) }, (_, i) => Number(process_) * Number(count) + i);

process.on("message", async (task: Task) => {
  let left = task.appends;
  const work = async (writer: number) => {
    while (left-- > 0) await appender.append(writer);
  };
  await Promise.all(writers.map(work));
  process.send?.(task);
});
process.on("disconnect", () => void appender.close());
process.send?.("ready");
