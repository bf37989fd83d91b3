/** Writers in processes of their own. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { MechanismName } from "./mechanisms.ts";

/** To the process: append so many events, by all of its writers together. It answers with what it was told when they are acknowledged. */
export interface Task {
  readonly appends: number;
}

export interface Writers {
  /** Shares the appends out among all processes. Resolves when all are acknowledged. */
  append(appends: number): Promise<void>;
  close(): Promise<void>;
}

export async function startWriters(
  mechanism: MechanismName,
  url: string,
  { processes, writers }: { readonly processes: number; readonly writers: number },
): Promise<Writers> {
  const children = Array.from({ length: processes }, (_, i) =>
    fork(join(import.meta.dirname, "writer-process.ts"), [mechanism, url, String(writers / processes), String(i)]),
  );
  await Promise.all(children.map(answered)); // that they are ready
  return {
    async append(appends) {
      const answers = children.map(answered);
      for (const child of children) child.send({ appends: appends / processes } satisfies Task);
      await Promise.all(answers);
    },
    async close() {
      const ends = children.map((child) => once(child, "exit"));
      for (const child of children) child.disconnect();
      await Promise.all(ends);
    },
  };
}

async function answered(child: ChildProcess): Promise<void> {
  const ended = new AbortController();
  const { signal } = ended;
  const end = once(child, "exit", { signal }).then(([code]) => {
    throw new Error(`a process of writers ended with ${code}`);
  });
  try {
    await Promise.race([once(child, "message", { signal }), end]);
  } finally {
    end.catch(() => undefined);
    ended.abort();
  }
}
