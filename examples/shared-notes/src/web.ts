/** The HTTP interface of one peer: see ../README.md. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { type ErrorCode, PersistError } from "@cuitty/persist";
import { p2p } from "@cuitty/persist-p2p";
import { addPicture, compare, edit, type Note, type Notes, readActivity, remove, view, write } from "./notes.ts";

/** Resolves when it has ended. */
export async function serve(notes: Notes, port: number, ending: AbortSignal): Promise<void> {
  const server = createServer((request, response) => {
    answer(notes, request, response).catch((error) => refuse(response, error));
  });
  server.listen({ port, host: "127.0.0.1", signal: ending });
  await once(server, "listening");
  console.log(`notes on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const { started, status } = p2p(notes.store);
  started().then(
    () => console.log(`peer at ${status().listening[0] ?? "no address"}`),
    (error) => console.error(String(error)),
  );
  await once(server, "close");
}

async function answer(notes: Notes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const [, place = "", id = "", name = ""] = pathname.split("/").map(decodeURIComponent);
  switch (`${request.method} /${place}`) {
    case "POST /notes": {
      const { key, value } = await write(notes, (await json(request)) as Partial<Note>);
      return send(response, 201, { id: key, ...value });
    }
    case "GET /notes": {
      if (id === "") {
        const all = await notes.notes.list().toArray();
        return send(
          response,
          200,
          all.map(({ key, value }) => ({ id: key, ...value })),
        );
      }
      const note = await view(notes, id);
      return note === undefined ? send(response, 404) : send(response, 200, note);
    }
    case "PATCH /notes": {
      const { value } = await edit(notes, id, (await json(request)) as Partial<Note>);
      return send(response, 200, value);
    }
    case "DELETE /notes":
      await remove(notes, id);
      return send(response, 200);
    case "PUT /pictures": {
      const contentType = request.headers["content-type"] ?? "application/octet-stream";
      return send(response, 201, await addPicture(notes, id, name, request, contentType));
    }
    case "GET /pictures": {
      const picture = await notes.store.blobs.get(`pictures/${id}/${name}`);
      if (picture === undefined) return send(response, 404);
      response.writeHead(200, { "content-type": picture.contentType, "content-length": picture.size });
      return pipeline(picture.body, response);
    }
    case "GET /activity":
      return send(response, 200, await readActivity(notes));
    case "GET /peers":
      return send(response, 200, await compare(notes));
    default:
      return send(response, 404);
  }
}

function send(response: ServerResponse, status: number, body: unknown = {}): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

const statuses: Partial<Record<ErrorCode, number>> = {
  NOT_FOUND: 404,
  TOO_LARGE: 413,
  VALIDATION: 400,
  INVALID_KEY: 400,
  INVALID_VALUE: 400,
};

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy(); // whoever asked has left, or gets no more
  } else if (PersistError.is(error)) {
    send(response, statuses[error.code] ?? 500, { error: error.message });
  } else if (error instanceof SyntaxError || error instanceof URIError) {
    send(response, 400, { error: error.message });
  } else {
    console.error(error);
    send(response, 500, { error: "The notes have a defect." });
  }
}
