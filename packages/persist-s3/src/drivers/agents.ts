/** Connections that are kept, and made in time or not at all. (The SDK's own limit counts the time in which a request waits for one.) */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Socket } from "node:net";
import { connectTimeout } from "../error-codes.ts";

export function createAgents(most: number, within: number): { httpAgent: HttpAgent; httpsAgent: HttpsAgent } {
  const o = { keepAlive: true, maxSockets: most };
  return {
    httpAgent: inTime(new HttpAgent(o), "connect", within),
    httpsAgent: inTime(new HttpsAgent(o), "secureConnect", within),
  };
}

function inTime<A extends HttpAgent>(agent: A, made: string, within: number): A {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (...args) => {
    const socket = connect(...args) as Socket;
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error("The connection was not made in time."), { code: connectTimeout }));
    }, within);
    const stop = (): void => clearTimeout(timer);
    socket.once(made, stop).once("close", stop);
    return socket;
  };
  return agent;
}
