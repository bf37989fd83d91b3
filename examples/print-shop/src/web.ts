/** The shop's HTTP interface: see ../README.md. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { type ErrorCode, PersistError } from "@cuitty/persist";
import { showLive } from "./live.ts";
import { placeOrder, type Wish } from "./place-order.ts";
import { photoKey, type Shop } from "./shop.ts";

/** Resolves when it has ended. */
export async function serve(shop: Shop, port: number, ending: AbortSignal): Promise<void> {
  const server = createServer((request, response) => {
    answer(shop, request, response, ending).catch((error) => refuse(response, error));
  });
  server.listen({ port, host: "127.0.0.1", signal: ending });
  await once(server, "listening");
  console.log(`web ${process.pid} listens on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await once(server, "close");
}

async function answer(
  shop: Shop,
  request: IncomingMessage,
  response: ServerResponse,
  ending: AbortSignal,
): Promise<void> {
  const { store, orders } = shop;
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const [, place = "", name = ""] = pathname.split("/").map(decodeURIComponent);
  switch (`${request.method} /${place}`) {
    case "PUT /photos": {
      const contentType = request.headers["content-type"] ?? "application/octet-stream";
      const { size, digest } = await store.blobs.put(photoKey(name), request, { contentType });
      return send(response, 201, { size, digest });
    }
    case "GET /photos": {
      const photo = await store.blobs.get(photoKey(name));
      if (photo === undefined) return send(response, 404);
      response.writeHead(200, { "content-type": photo.contentType, "content-length": photo.size, etag: photo.etag });
      return pipeline(photo.body, response);
    }
    case "POST /orders": {
      const { order, isNew } = await placeOrder(shop, (await json(request)) as Wish);
      return send(response, isNew ? 201 : 200, { order: order.key, ...order.value });
    }
    case "GET /orders": {
      const order = await orders.get(name);
      return order === undefined ? send(response, 404) : send(response, 200, { order: name, ...order.value });
    }
    case "GET /counts": {
      const counts = await store.kv.getMany<number>(["ordered", "sheets"]);
      return send(response, 200, Object.fromEntries(counts));
    }
    case "GET /live":
      return showLive(shop, request, response, ending);
    default:
      return send(response, 404);
  }
}

function send(response: ServerResponse, status: number, body: unknown = {}): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

const statuses: Partial<Record<ErrorCode, number>> = {
  NOT_FOUND: 404,
  CONFLICT: 409,
  TOO_LARGE: 413,
  VALIDATION: 400,
  INVALID_ARGUMENT: 400,
  INVALID_KEY: 400,
  INVALID_VALUE: 400,
  CURSOR_EXPIRED: 410,
  UNAVAILABLE: 503,
  TIMEOUT: 503,
};

/** A 503 may have happened or not: the customer asks again, with the same reference. */
function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy(); // the customer has left, or gets no more
  } else if (PersistError.is(error)) {
    send(response, statuses[error.code] ?? 500, { error: error.message });
  } else if (error instanceof SyntaxError || error instanceof URIError) {
    send(response, 400, { error: error.message });
  } else {
    console.error(error);
    send(response, 500, { error: "The shop has a defect." });
  }
}
