/** The HTTP interface: see ../README.md. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { type ErrorCode, PersistError } from "@cuitty/persist";
import { accept, announce, type Drop, list, type Picture, remove } from "./drop.ts";

const pages: Readonly<Record<string, readonly [file: string, contentType: string] | undefined>> = {
  "": ["index.html", "text/html; charset=utf-8"],
  "page.js": ["page.js", "text/javascript; charset=utf-8"],
};

/** Resolves when it has ended. */
export async function serve(drop: Drop, port: number, ending: AbortSignal): Promise<void> {
  const server = createServer((request, response) => {
    answer(drop, request, response).catch((error) => refuse(response, error));
  });
  server.listen({ port, host: "127.0.0.1", signal: ending });
  await once(server, "listening");
  console.log(`listens on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await once(server, "close");
}

async function answer(drop: Drop, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const [, place = "", id = "", step = ""] = pathname.split("/").map(decodeURIComponent);
  const page = pages[place];
  if (page !== undefined && request.method === "GET") {
    const [file, contentType] = page;
    response.writeHead(200, { "content-type": contentType });
    response.end(await readFile(join(import.meta.dirname, "page", file)));
    return;
  }
  switch (`${request.method} /${place}${id && "/id"}${step && `/${step}`}`) {
    case "POST /pictures":
      return send(response, 200, await announce(drop, (await json(request)) as Picture));
    case "POST /pictures/id/done": {
      const { name } = (await json(request)) as Picture;
      return send(response, 201, await accept(drop, id, name));
    }
    case "GET /pictures":
      return send(response, 200, await list(drop));
    case "DELETE /pictures/id":
      return send(response, (await remove(drop, id)) ? 200 : 404);
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
  INVALID_ARGUMENT: 400,
  INVALID_KEY: 400,
  INVALID_VALUE: 400,
  UNAVAILABLE: 503,
  RATE_LIMITED: 503,
  TIMEOUT: 503,
};

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy(); // the visitor has left, or gets no more
  } else if (PersistError.is(error)) {
    send(response, statuses[error.code] ?? 500, { error: error.message });
  } else if (error instanceof SyntaxError || error instanceof URIError) {
    send(response, 400, { error: error.message });
  } else {
    console.error(error);
    send(response, 500, { error: "The server has a defect." });
  }
}
