/** One connection through a proxy. */
import { connect, type Socket } from "node:net";
import { createDelayLine } from "./delay-line.ts";

/** What happens to all connections of a proxy at the moment. */
export interface Weather {
  isBlackHole: boolean;
  /** Milliseconds. */
  delay: number;
  /** Replies that are to be lost, the next one first. */
  readonly losses: Loss[];
  /** Delivered so far. */
  readonly bytes: { toServer: number; toClient: number };
}

export interface Loss {
  readonly predicate: (bytes: Buffer) => boolean;
  readonly lost: () => void;
}

export interface ProxiedConnection {
  /** Whether something that was sent here has been swallowed. */
  isBroken(): boolean;
  /** Resets it on both sides. */
  reset(): void;
}

/** @param onGone - It is closed on both sides. */
export function proxyConnection(
  client: Socket,
  targetPort: number,
  weather: Weather,
  onGone: () => void,
): ProxiedConnection {
  // Who comes in a black hole reaches nobody.
  const server = weather.isBlackHole
    ? undefined
    : connect({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true });
  const sides = server === undefined ? [client] : [client, server];
  let isBroken = server === undefined;
  let losing: Loss | undefined;

  const reset = () => {
    for (const side of sides) side.resetAndDestroy();
    losing?.lost();
    losing = undefined;
  };
  const isSwallowed = () => {
    isBroken ||= weather.isBlackHole;
    return weather.isBlackHole;
  };

  const request = (chunk: Buffer, to: Socket) => {
    if (isSwallowed()) return;
    const index = weather.losses.findIndex(({ predicate }) => predicate(chunk));
    if (index >= 0) [losing] = weather.losses.splice(index, 1);
    weather.bytes.toServer += chunk.length;
    write(chunk, client, to);
  };
  const reply = (chunk: Buffer, from: Socket) => {
    if (isSwallowed()) return;
    weather.bytes.toClient += chunk.length;
    write(chunk, from, client);
  };

  if (server === undefined) client.resume();
  else {
    const requests = createDelayLine(() => weather.delay);
    const replies = createDelayLine(() => weather.delay);
    client.on("data", (chunk) => requests(() => request(chunk, server)));
    client.on("end", () => requests(() => isSwallowed() || server.end()));
    // A reply is lost where it arrives: what is still under way answers earlier requests.
    server.on("data", (chunk) => (losing === undefined ? replies(() => reply(chunk, server)) : reset()));
    server.on("end", () => (losing === undefined ? replies(() => isSwallowed() || client.end()) : reset()));
  }
  for (const side of sides) {
    side.setNoDelay(true);
    side.on("error", () => isSwallowed() || reset());
    side.on("close", () => sides.every(({ closed }) => closed) && onGone());
  }
  return { isBroken: () => isBroken, reset };
}

/** Takes no more than the other side takes. */
function write(chunk: Buffer, from: Socket, to: Socket): void {
  if (!to.writable || to.write(chunk)) return;
  from.pause();
  to.once("drain", () => from.resume());
}
