/** A contender in a process of its own, so that its heap is its own: `contender-process.ts NAME PLACE`. It does the tasks that its parent sends, until that lets go of it. */
import { deepStrictEqual, strictEqual } from "node:assert";
import { createHash } from "node:crypto";
import { valueFor } from "../dataset.ts";
import { content, digestOf } from "../memory/content.js";
import { openByHand } from "./by-hand.ts";
import type { S3Contender } from "./contender.ts";
import { openPersist } from "./persist.ts";
import { type Done, largestHeld, type Task } from "./task.ts";

const [name, place = ""] = process.argv.slice(2);
const contender: S3Contender = await (name === "persist" ? openPersist : openByHand)(JSON.parse(place));

let heap = 0;
const look = () => {
  heap = Math.max(heap, process.memoryUsage().heapUsed);
};
setInterval(look, 20).unref();

interface Work {
  perform(): Promise<void>;
  verify(): Promise<void>;
}

const digests = new Map<number, string>();

async function expectedDigest(bytes: number): Promise<string> {
  const digest = digests.get(bytes) ?? (await digestOf(content(bytes)));
  digests.set(bytes, digest);
  return digest;
}

async function held(bytes: number): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(content(bytes)));
}

function large({ do: what, bytes }: Extract<Task, { bytes: number }>, body: Uint8Array | undefined): Work {
  const key = `large-${bytes}`;
  const verify = async () => {
    strictEqual(await digestOf(await contender.getStream(key)), await expectedDigest(bytes));
  };
  if (what === "put") {
    return {
      async perform() {
        await (body === undefined ? contender.putStream(key, content(bytes)) : contender.putBytes(key, body));
      },
      verify,
    };
  }
  let got: Uint8Array | undefined;
  let length = 0;
  return {
    async perform() {
      if (what === "get beginning") {
        for await (const chunk of await contender.getBeginning(key, bytes - 1)) length += chunk.length;
      } else if (body !== undefined) got = await contender.getBytes(key);
      else for await (const chunk of await contender.getStream(key)) length += chunk.length;
    },
    async verify() {
      if (got === undefined) return strictEqual(length, what === "get" ? bytes : bytes - 1);
      strictEqual(createHash("sha256").update(got).digest("hex"), await expectedDigest(bytes));
    },
  };
}

let round = 0;

function small({ do: what, count, atOnce }: Extract<Task, { count: number }>): Work {
  round++;
  const numbers = Array.from({ length: count }, (_, n) => n);
  const key = (n: number) => `small-${n}`;
  const bytes = (n: number, revision: number) => Buffer.from(JSON.stringify(valueFor(n, revision)));
  const values = numbers.map((n) => valueFor(n, round));
  const bodies = numbers.map((n) => bytes(n, round));
  const answers: unknown[] = [];
  /** Each of so many workers takes the next number. */
  const each = async (work: (n: number) => Promise<unknown>) => {
    const left = numbers.values();
    const worker = async () => {
      for (const n of left) answers[n] = await work(n);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  };
  const works: Record<typeof what, Work> = {
    "set JSON": {
      perform: () => each((n) => contender.setJson(key(n), values[n])),
      async verify() {
        await each((n) => contender.getJson(key(n)));
        deepStrictEqual(answers, values);
        kept.json = values;
      },
    },
    "get JSON": {
      perform: () => each((n) => contender.getJson(key(n))),
      verify: async () => deepStrictEqual(answers, kept.json),
    },
    "put small": {
      perform: () => each((n) => contender.putBytes(key(n), bodies[n] as Uint8Array)),
      async verify() {
        await each((n) => contender.getBytes(key(n)));
        deepStrictEqual(answers.map(textOf), bodies.map(textOf));
        kept.bodies = bodies.map(textOf);
      },
    },
    "get small": {
      perform: () => each((n) => contender.getBytes(key(n))),
      verify: async () => deepStrictEqual(answers.map(textOf), kept.bodies),
    },
  };
  return works[what];
}

const textOf = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString();
/** What was written last. */
const kept: { json: unknown[]; bodies: string[] } = { json: [], bodies: [] };

async function run(task: Task): Promise<Done> {
  const work =
    "bytes" in task ? large(task, task.bytes <= largestHeld ? await held(task.bytes) : undefined) : small(task);
  globalThis.gc?.();
  const start = performance.now();
  await work.perform();
  const milliseconds = performance.now() - start;
  look();
  await work.verify();
  return { milliseconds, heap };
}

process.on("message", (task: Task) => {
  run(task).then(
    (done) => process.send?.(done),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.once("disconnect", () => void contender.close());
process.send?.("ready");
