import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { createStore, type Store } from "@cuitty/persist";
import "@cuitty/persist-postgres";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import { expect, onTestFinished, test, vi } from "vitest";

const program = join(import.meta.dirname, "..", "..", "examples", "print-shop", "src", "main.ts");
const database = useDatabase();
const patient = { timeout: 100_000, interval: 100 };

/** The shop with its processes, and what it has said. */
function start(environment: Readonly<Record<string, string>>) {
  const env = { ...process.env, PORT: "0", ...environment };
  const child = spawn(process.execPath, ["--conditions=@cuitty/source", program], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const pids = (role: string) =>
    [...said.matchAll(new RegExp(`^${role} (\\d+) (listens|is ready)`, "gm"))].map(([, pid]) => Number(pid));
  return {
    ended,
    pids,
    url: () => /http:\S+/.exec(said)?.[0] ?? "",
    isGone: (pid: number) => said.includes(`${pid} is gone (SIGKILL)`),
    end: () => child.kill("SIGTERM"),
  };
}

interface Order {
  order: string;
  reference: string;
  copies: number;
  printedBy?: number;
}

/** A customer who does not give up: where the answer is lost, or says that it may not have happened, he asks again. */
async function order(shop: string, wish: object): Promise<Order> {
  for (;;) {
    try {
      const response = await fetch(`${shop}/orders`, { method: "POST", body: JSON.stringify(wish) });
      if (response.ok) return (await response.json()) as Order;
      if (response.status < 500) throw new RangeError(`${response.status}: ${await response.text()}`);
    } catch (error) {
      if (error instanceof RangeError) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function openStore(): Promise<Store> {
  const store = await createStore({ name: "print-shop", adapter: "postgres", url: database.url, pool: { max: 1 } });
  onTestFinished(() => store.close());
  return store;
}

/** The orders that a page was shown as printed, with the process that did. Cut off, it goes on where it was. */
function followLive(shop: string): ReadonlyMap<string, number> {
  const printed = new Map<string, number>();
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const follow = async (lastId?: string): Promise<void> => {
    let last = lastId;
    try {
      const headers: Record<string, string> = last === undefined ? {} : { "last-event-id": last };
      const { body } = await fetch(`${shop}/live`, { headers, signal: leaving.signal });
      const decoder = new TextDecoder();
      let rest = "";
      for await (const bytes of body as ReadableStream<Uint8Array>) {
        const messages = (rest + decoder.decode(bytes, { stream: true })).split("\n\n");
        rest = messages.pop() ?? "";
        for (const message of messages) {
          const [, id, data = ""] = /^id: (.*)\ndata: (.*)$/.exec(message) ?? [];
          last = id;
          const shown = JSON.parse(data) as Order;
          if (shown.printedBy !== undefined) printed.set(shown.order, shown.printedBy);
        }
      }
    } catch {
      // The process died.
    }
    if (!leaving.signal.aborted) await follow(last);
  };
  void follow();
  return printed;
}

test("the print shop loses no order and prints each once, although processes are killed", {
  timeout: 240_000,
}, async () => {
  const run = (environment: Readonly<Record<string, string>>) => {
    const processes = start({ DATABASE_URL: database.url, ...environment });
    onTestFinished(async () => {
      processes.end();
      await processes.ended;
    });
    return processes;
  };
  const webs = run({ WEB: "3", WORKERS: "0" });
  await vi.waitFor(() => expect(webs.pids("web")).toHaveLength(3), patient);
  const shop = webs.url();

  const photo = randomBytes(1_500_000);
  const uploaded = await fetch(`${shop}/photos/cat.jpg`, { method: "PUT", body: photo });
  const digest = `sha-256:${createHash("sha256").update(photo).digest("hex")}`;
  expect([uploaded.status, await uploaded.json()]).toEqual([201, { size: photo.length, digest }]);

  const wish = (i: number) => ({ reference: `customer-${i}`, photo: "cat.jpg", copies: 1 + (i % 3) });
  const acknowledged: Order[] = [];
  const placeUpTo = (total: number) =>
    Promise.all(
      [0, 1, 2, 3, 4, 5].map(async (first) => {
        for (let i = acknowledged.length + first; i < total; i += 6) acknowledged.push(await order(shop, wish(i)));
      }),
    );
  const [victim] = webs.pids("web");
  const placing = placeUpTo(60);
  await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThan(20), { timeout: 100_000, interval: 5 });
  process.kill(victim as number, "SIGKILL");
  await placing;
  expect(webs.isGone(victim as number)).toBe(true);

  // Now there is work for many events: who prints is killed in the midst of it, while more is ordered.
  const live = followLive(shop);
  const workers = run({ WEB: "0", WORKERS: "2" });
  const placingMore = placeUpTo(120);
  await vi.waitFor(() => expect(live.size).toBeGreaterThan(10), { timeout: 100_000, interval: 5 });
  const printer = [...live.values()].at(-1) as number;
  process.kill(printer, "SIGKILL");
  await placingMore;
  await vi.waitFor(() => expect(live.size).toBe(120), patient);
  expect(workers.isGone(printer)).toBe(true);
  await vi.waitFor(
    () => expect([webs.pids("web"), workers.pids("worker")]).toMatchObject({ 0: { length: 4 }, 1: { length: 3 } }),
    patient,
  );

  const store = await openStore();
  const stored = await store.records.list<Order>({ prefix: "orders/" }).toArray();
  const ids = acknowledged.map(({ order: id }) => id).sort();
  expect(stored.map(({ key }) => key)).toEqual(ids.map((id) => `orders/${id}`));
  expect(new Set(acknowledged.map(({ reference }) => reference)).size).toBe(120);
  const prints = await store.events.read("prints").toArray();
  expect(prints.map(({ data }) => (data as Order).order).sort()).toEqual(ids);
  const sheets = acknowledged.reduce((sum, { copies }) => sum + copies, 0);
  expect(await (await fetch(`${shop}/counts`)).json()).toEqual({ ordered: 120, sheets });
  expect(new Set(live.values()).size).toBeGreaterThan(1);
  const shown = await fetch(`${shop}/photos/cat.jpg`);
  expect(photo.equals(Buffer.from(await shown.arrayBuffer()))).toBe(true);

  const statusOf = async (body: unknown) =>
    (await fetch(`${shop}/orders`, { method: "POST", body: JSON.stringify(body) })).status;
  expect(await statusOf({ ...wish(1), copies: 0 })).toBe(400);
  expect(await statusOf({ ...wish(500), photo: "dog.jpg" })).toBe(404);
  expect(await statusOf(wish(1))).toBe(200);
  for (const processes of [webs, workers]) {
    processes.end();
    expect(await processes.ended).toBe(0);
  }
});
