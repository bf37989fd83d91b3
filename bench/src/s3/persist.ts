import { createStore } from "@cuitty/persist";
import "@cuitty/persist-s3";
import type { Place, S3Contender } from "./contender.ts";

/** With its defaults. */
export async function openPersist({ endpoint, region, credentials, bucket }: Place): Promise<S3Contender> {
  const store = await createStore({ name: "bench", adapter: "s3", endpoint, region, credentials, bucket });
  const found = async (key: string) => (await store.blobs.get(key)) ?? missing(key);
  return {
    putBytes: (key, bytes) => store.blobs.put(key, bytes),
    putStream: (key, chunks) => store.blobs.put(key, chunks),
    getBytes: async (key) => (await found(key)).bytes(),
    getStream: async (key) => (await found(key)).body,
    getBeginning: async (key, length) =>
      ((await store.blobs.get(key, { range: { offset: 0, length } })) ?? missing(key)).body,
    setJson: (key, value) => store.kv.set(key, value),
    getJson: (key) => store.kv.get(key),
    close: () => store.close(),
  };
}

function missing(key: string): never {
  throw new Error(`there is no blob ${key}`);
}
