import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { startProxy } from "@cuitty/persist-servers";
import { expect, onTestFinished, test, vi } from "vitest";

/** A server that answers each line in capitals, behind a proxy. */
async function startEcho() {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("data", (chunk) => {
      heard.push(String(chunk));
      socket.write(String(chunk).toUpperCase());
    });
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await startProxy((server.address() as AddressInfo).port);
  onTestFinished(async () => {
    await proxy.close();
    server.close();
  });
  return { proxy, heard, sockets };
}

/** A client that remembers all it got, and how it ended. */
async function open(port: number) {
  const socket = connect(port, "127.0.0.1");
  let got = "";
  let end: string | undefined;
  socket.on("data", (chunk) => {
    got += chunk;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    end = error.code;
  });
  socket.on("close", () => {
    end ??= "closed";
  });
  onTestFinished(() => void socket.destroy());
  await expect.poll(() => !socket.connecting || end !== undefined).toBe(true);
  return { socket, got: () => got, end: () => end };
}

test("passes bytes both ways, and counts them", async () => {
  const { proxy, sockets } = await startEcho();
  const one = await open(proxy.port);
  const two = await open(proxy.port);
  one.socket.write("hello");
  two.socket.write("you");
  await expect.poll(one.got).toBe("HELLO");
  await expect.poll(two.got).toBe("YOU");
  expect(proxy.bytes).toEqual({ toServer: 8, toClient: 8 });
  expect(proxy.connections.accepted).toBe(2);
  expect(proxy.connections.open).toBe(2);
  one.socket.end();
  await expect.poll(one.end).toBe("closed");
  await expect.poll(() => proxy.connections.open).toBe(1);
  expect(sockets.size).toBe(1);
});

test("passes more than anyone takes at once, in order", async () => {
  const { proxy } = await startEcho();
  const { socket, got } = await open(proxy.port);
  const sent = "abcdefgh".repeat(1_000_000);
  socket.write(sent);
  await expect.poll(() => got().length, { timeout: 20_000 }).toBe(sent.length);
  expect(got() === sent.toUpperCase()).toBe(true);
});

test("names itself in a URL", async () => {
  const { proxy } = await startEcho();
  expect(proxy.through("postgres://me:pw@127.0.0.1:5432/db?a=b")).toBe(
    `postgres://me:pw@127.0.0.1:${proxy.port}/db?a=b`,
  );
});

test("cuts all connections, and takes new ones", async () => {
  const { proxy, sockets } = await startEcho();
  const { socket, got, end } = await open(proxy.port);
  socket.write("a");
  await expect.poll(got).toBe("A");
  proxy.cut();
  await expect.poll(end).toBe("ECONNRESET");
  await expect.poll(() => sockets.size).toBe(0);
  const next = await open(proxy.port);
  next.socket.write("b");
  await expect.poll(next.got).toBe("B");
});

test("refuses new connections, and keeps those that stand", async () => {
  const { proxy } = await startEcho();
  const standing = await open(proxy.port);
  proxy.refuse();
  expect((await open(proxy.port)).end()).toBe("ECONNREFUSED");
  standing.socket.write("still here");
  await expect.poll(standing.got).toBe("STILL HERE");
  await proxy.accept();
  const next = await open(proxy.port);
  next.socket.write("back");
  await expect.poll(next.got).toBe("BACK");
});

test("is a black hole until it is healed, which resets who lost bytes in it", async () => {
  const { proxy, heard, sockets } = await startEcho();
  const speaking = await open(proxy.port);
  const silent = await open(proxy.port);
  await expect.poll(() => sockets.size).toBe(2);
  proxy.blackHole();
  const late = await open(proxy.port);
  const gone = await open(proxy.port);
  speaking.socket.write("lost");
  late.socket.write("lost");
  gone.socket.destroy();
  // Whether bytes are swallowed shows in that something later has come through, and these have not.
  const { proxy: other } = await startEcho();
  const probe = await open(other.port);
  probe.socket.write("probe");
  await expect.poll(probe.got).toBe("PROBE");
  expect([heard, sockets.size, speaking.end(), late.end(), late.got()]).toEqual([[], 2, undefined, undefined, ""]);

  proxy.heal();
  await expect.poll(speaking.end).toBe("ECONNRESET");
  await expect.poll(late.end).toBe("ECONNRESET");
  silent.socket.write("well");
  await expect.poll(silent.got).toBe("WELL");
  expect(proxy.connections.open).toBe(1);
});

test("delays what is sent, until it is told otherwise", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const { proxy, heard } = await startEcho();
  const { socket, got } = await open(proxy.port);
  proxy.delay(5000);
  socket.write("late");
  while (vi.getTimerCount() === 0) await pause(1);
  vi.advanceTimersByTime(4999);
  expect(heard).toEqual([]);
  proxy.delay(0);
  vi.advanceTimersByTime(1);
  vi.useRealTimers();
  await expect.poll(got).toBe("LATE");
});

test("loses the reply to one request, which the server has got", async () => {
  const { proxy, heard } = await startEcho();
  const { socket, got, end } = await open(proxy.port);
  const lost = proxy.loseReplyAfter((bytes) => bytes.includes("commit"));
  socket.write("insert");
  await expect.poll(got).toBe("INSERT");
  socket.write("commit");
  await lost;
  expect(heard).toEqual(["insert", "commit"]);
  await expect.poll(end).toBe("ECONNRESET");
  expect(got()).toBe("INSERT");
  const next = await open(proxy.port);
  next.socket.write("commit");
  await expect.poll(next.got).toBe("COMMIT");
});

test("resets whom it cannot connect to the server", async () => {
  await using proxy = await startProxy(1);
  const { end } = await open(proxy.port);
  await expect.poll(end).toBe("ECONNRESET");
});
