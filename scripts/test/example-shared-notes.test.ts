import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";

const program = join(import.meta.dirname, "..", "..", "examples", "shared-notes", "src", "main.ts");
const patient = { timeout: 60_000, interval: 50 };
const names = ["ada", "bob", "eve"];

/** A PNG of one red pixel. */
const red = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==",
  "base64",
);

interface Peer {
  readonly process: ChildProcess;
  readonly address: string;
  call(method: string, path: string, body?: object | Buffer): Promise<unknown>;
}

async function start(folder: string, name: string, peers: readonly Peer[]): Promise<Peer> {
  const child = spawn(process.execPath, ["--conditions=@cuitty/source", program], {
    env: {
      ...process.env,
      PORT: "0",
      NOTES_BY: name,
      NOTES_FILE: join(folder, name, "notes.db"),
      NOTES_SECRET: "what only these three know",
      NOTES_PEERS: peers.map(({ address }) => address).join(","),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await vi.waitFor(() => expect(said).toMatch(/peer at \S+\n/), patient);
  const url = /http:\S+/.exec(said)?.[0] ?? "";
  return {
    process: child,
    address: /peer at (\S+)/.exec(said)?.[1] ?? "",
    async call(method, path, body) {
      const sent =
        body === undefined ? {} : { body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body) };
      const response = await fetch(url + path, { method, ...sent });
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return response.headers.get("content-type") === "application/json"
        ? response.json()
        : Buffer.from(await response.arrayBuffer());
    },
  };
}

/** All of them say the same, once what each has written has come to the others. */
async function expectEqual(peers: readonly Peer[]): Promise<void> {
  await vi.waitFor(async () => {
    const answers = await Promise.all(peers.map((peer) => peer.call("GET", "/peers")));
    const said = answers as { digest: string; peers: { inSync: boolean }[] }[];
    expect(new Set(said.map(({ digest }) => digest)).size).toBe(1);
    for (const one of said) {
      expect(one.peers.map(({ inSync }) => inSync)).toEqual(Array(peers.length - 1).fill(true));
    }
  }, patient);
}

test("three processes share notes, also when one is killed in between and comes back", {
  timeout: 240_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "shared-notes-"));
  onTestFinished(() => rm(folder, { recursive: true }), 120_000);
  const ada = await start(folder, "ada", []);
  const bob = await start(folder, "bob", [ada]);
  const eve = await start(folder, "eve", [ada, bob]);

  const { id } = (await ada.call("POST", "/notes", { title: "Groceries", tags: ["home"] })) as { id: string };
  await expectEqual([ada, bob, eve]);

  // One note, three fields, at the same time.
  const changes = [{ title: "Shopping" }, { text: "bread" }, { isDone: true }];
  const counting = (peer: Peer) => Promise.all([1, 2, 3].map(() => peer.call("GET", `/notes/${id}`)));
  const work = (peer: Peer, i: number) =>
    Promise.all([
      peer.call("PATCH", `/notes/${id}`, changes[i] as object),
      peer.call("PUT", `/pictures/${id}/${names[i]}.png`, Buffer.concat([red, Buffer.alloc(400_000, i)])),
      counting(peer),
    ]);
  await Promise.all([ada, bob, eve].map(work));

  // Bob is killed. What he had acknowledged is in his file, and the others go on without him.
  const gone = once(bob.process, "exit");
  bob.process.kill("SIGKILL");
  await gone;
  await ada.call("PATCH", `/notes/${id}`, { tags: ["home", "ada"] });
  await eve.call("POST", "/notes", { title: "While bob was away" });
  await counting(eve);
  await expectEqual([ada, eve]);

  const back = await start(folder, "bob", [ada, eve]);
  await back.call("PATCH", `/notes/${id}`, { text: "bread and butter" });
  await expectEqual([ada, back, eve]);

  const shown = await back.call("GET", `/notes/${id}`);
  expect(shown).toEqual({
    title: "Shopping",
    text: "bread and butter",
    tags: ["home", "ada"],
    isDone: true,
    views: 13,
    pictures: names.map((name) => `pictures/${id}/${name}.png`),
    conflicts: [],
  });
  await expectEqual([ada, back, eve]);
  expect(await eve.call("GET", "/notes")).toHaveLength(2);
  for (const [i, name] of names.entries()) {
    const picture = (await back.call("GET", `/pictures/${id}/${name}.png`)) as Buffer;
    expect(picture.equals(Buffer.concat([red, Buffer.alloc(400_000, i)]))).toBe(true);
  }
  const done = (await eve.call("GET", "/activity")) as { by: string; type: string }[];
  const of = (by: string) => done.filter((one) => one.by === by).map(({ type }) => type);
  expect(names.map((name) => of(name).sort())).toEqual([
    ["edited", "edited", "pictured", "written"],
    ["edited", "edited", "pictured"],
    ["edited", "pictured", "written"],
  ]);

  await eve.call("DELETE", `/notes/${id}`);
  await expectEqual([ada, back, eve]);
  expect(await ada.call("GET", "/notes")).toHaveLength(1);
  await expect(ada.call("GET", `/notes/${id}`)).rejects.toThrow("404");
  await expect(ada.call("PATCH", `/notes/${id}`, { title: 5 })).rejects.toThrow("40");
});
