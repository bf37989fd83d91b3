import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { type AddressInfo, createServer, type Server } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createAgents } from "../src/drivers/agents.ts";
import { startDouble } from "./buckets.ts";

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test("a connection that is not made in time is given up, be it for TLS", async () => {
  const silent = createServer((socket) => {
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
  });
  const { httpsAgent } = createAgents(1, 100);
  const sending = httpsRequest({ host: "127.0.0.1", port: await listening(silent), agent: httpsAgent });
  sending.end();
  const [error] = await once(sending, "error").catch((thrown: unknown) => [thrown]);
  expect(error).toMatchObject({ code: "CONNECT_TIMEOUT" });
});

test("one that is made is kept, and keeps no process", async () => {
  const double = await startDouble();
  const { httpAgent } = createAgents(1, 100);
  const ask = async (): Promise<unknown> => {
    const sending = httpRequest(double.endpoint, { agent: httpAgent });
    sending.end();
    const [answer] = await once(sending, "response");
    answer.resume();
    await once(answer, "close");
    return sending.socket;
  };
  const socket = await ask();
  expect(await ask()).toBe(socket);
  httpAgent.destroy();
});
