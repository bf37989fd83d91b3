/** What is kept of pictures, and where. The pictures themselves pass by this process. */
import { randomUUID } from "node:crypto";
import { createStore, PersistError, type Records, type Store } from "@cuitty/persist";
import "@cuitty/persist-s3"; // for the types of its options

export interface Picture {
  readonly name: string;
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
}

export interface Drop {
  readonly store: Store;
  readonly pictures: Records<Picture>;
}

const largest = 10_000_000;
const kinds = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/** Of a picture's blob. */
export const blobKey = (id: string): string => `pictures/${id}`;

export async function openDrop(): Promise<Drop> {
  const { S3_BUCKET: bucket, S3_ENDPOINT: endpoint } = process.env;
  if (bucket === undefined) throw new Error("Set S3_BUCKET to the name of a bucket");
  const store = await createStore({
    name: "picture-drop",
    adapter: "s3",
    bucket,
    ...(endpoint === undefined ? {} : { endpoint }),
    require: { signedUrls: "native" },
  });
  return { store, pictures: store.records.collection<Picture>("pictures") };
}

/** How to upload it: a request of this method, with these headers, to this URL. */
export async function announce({ store }: Drop, { name, contentType }: Pick<Picture, "name" | "contentType">) {
  if (!kinds.includes(contentType)) throw refusal(`A picture is one of ${kinds.join(", ")}.`);
  const id = randomUUID();
  const upload = await store.blobs.url(blobKey(id), { method: "PUT", contentType, expiresIn: "10m" });
  return { id, name, upload };
}

/** Once it is uploaded. To say so again changes nothing. */
export async function accept({ store, pictures }: Drop, id: string, name: string): Promise<Picture> {
  const blob = await store.blobs.head(blobKey(id));
  if (blob === undefined) throw new PersistError("NOT_FOUND", "Nothing was uploaded.");
  const { size, contentType } = blob;
  if (size > largest) {
    await store.blobs.delete(blobKey(id));
    throw refusal(`A picture has at most ${largest / 1_000_000} MB.`);
  }
  const picture = { name, contentType, size };
  await pictures.put(id, picture);
  return picture;
}

/** All of them, with links that show them for ten minutes. */
export async function list({ store, pictures }: Drop) {
  const found = await pictures.list().toArray();
  return Promise.all(
    found.map(async ({ key, value }) => {
      const { url } = await store.blobs.url(blobKey(key), { expiresIn: "10m" });
      return { id: key, ...value, url };
    }),
  );
}

export function remove({ store, pictures }: Drop, id: string): Promise<boolean> {
  return store.transaction(async (tx) => {
    await tx.blobs.delete(blobKey(id));
    return tx.use(pictures).delete(id);
  });
}

function refusal(message: string): PersistError {
  return new PersistError("INVALID_VALUE", message);
}
