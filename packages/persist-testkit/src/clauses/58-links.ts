/** Links that work without the store. */
import type { Store } from "@cuitty/persist-core";
import { equal, holds, present, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { bytesOf } from "../content.ts";
import type { Context } from "../context.ts";
import { eventually } from "../eventually.ts";
import { show } from "../show.ts";
import { refusedBeforeIo } from "../untouched.ts";

type Link = Awaited<ReturnType<Store["blobs"]["url"]>>;

async function linked(t: Context): Promise<Store> {
  const store = await t.store();
  if (store.capabilities.signedUrls === "absent") t.absent("signedUrls is absent");
  return store;
}

const follow = ({ url, method, headers }: Link, body?: Uint8Array<ArrayBuffer>) =>
  fetch(url, body === undefined ? { method, headers } : { method, headers, body });

export const links: Chapter = {
  section: "58",
  title: "Links to blobs",
  clauses: [
    clause("K-blobs-url-absent", "Where there are no links, url is UNSUPPORTED before any I/O", async (t) => {
      const watched = await t.watched();
      if (watched.store.capabilities.signedUrls !== "absent") t.absent("signedUrls is not absent");
      await refusedBeforeIo(watched, ({ blobs }) => blobs.url("k"), "UNSUPPORTED", "blobs.url");
    }),

    clause("K-blobs-url", "A link gives the content and its type without this store", async (t) => {
      const { blobs } = await linked(t);
      const content = bytesOf(100_000);
      for (const key of ["k", "folder/grüße 世界 😀+%20&?#.txt", ".hidden/...", "a//b"]) {
        await blobs.put(key, content, { contentType: "text/x-greeting" });
        const link = await blobs.url(key);
        equal(link.method, "GET", "method");
        const response = await follow(link);
        equal(response.status, 200, `the status for ${show(key)}`);
        equal(response.headers.get("content-type"), "text/x-greeting", "the content type");
        equal(new Uint8Array(await response.arrayBuffer()), content, "what the link gives");
      }
    }),

    clause("K-links-bad", "What is no link is INVALID_ARGUMENT before any I/O", async (t) => {
      const watched = await t.watched();
      for (const o of [
        { method: "DELETE" },
        { method: "get" },
        { expiresIn: 0 },
        { expiresIn: -1 },
        { expiresIn: "7 days" },
        { expiresIn: 7 * 24 * 3_600_000 + 1 },
        { contentType: "a/b" },
        { method: "PUT", contentType: "" },
        { method: "PUT", contentType: "a\r\nb" },
        { expires: "1m" },
      ] as object[]) {
        await refusedBeforeIo(watched, ({ blobs }) => blobs.url("k", o), "INVALID_ARGUMENT", show(o));
      }
      for (const key of [".", "..", "a/../b", "a/.", "./a"]) {
        await refusedBeforeIo(watched, ({ blobs }) => blobs.url(key), "INVALID_ARGUMENT", show(key));
      }
    }),

    clause("K-links-missing", "A link to what is not there gives nothing, and the blob once it is", async (t) => {
      const { blobs } = await linked(t);
      const link = await blobs.url("k", { expiresIn: "7d" });
      equal((await follow(link)).status, 404, "the status before");
      await blobs.put("k", "content");
      equal(await (await follow(link)).text(), "content", "what the link gives");
    }),

    clause("K-links-put", "A link with PUT makes a blob of what it is sent", async (t) => {
      const { blobs } = await linked(t);
      await blobs.put("k", "before", { metadata: { a: "1" } });
      const content = bytesOf(100_000);
      const response = await follow(await blobs.url("k", { method: "PUT", contentType: "image/x-made" }), content);
      equal(response.status, 200, "the status");
      const blob = present(await blobs.get("k"), "the blob");
      equal([blob.size, blob.contentType, blob.metadata], [content.length, "image/x-made", {}], "the facts");
      equal(await blob.bytes(), content, "the bytes");
      equal(await blobs.verify("k"), true, "verify");
      const { etag } = present(await blobs.head("k"), "head");
      await blobs.put("k", "after", { ifMatch: etag });
      equal(await (await blobs.get("k"))?.text(), "after", "what is put over it");
    }),

    clause("K-links-put-type", "A link with PUT and a content type takes no other", async (t) => {
      const { blobs } = await linked(t);
      const link = await blobs.url("k", { method: "PUT", contentType: "image/x-made" });
      const other = { ...link, headers: { ...link.headers, "content-type": "text/html" } };
      equal((await follow(other, bytesOf(10))).status, 403, "the status");
      equal(await blobs.has("k"), false, "has");
    }),

    clause("K-links-digest", "The digest of what was sent to a link is not known, and all else goes on", async (t) => {
      const store = await linked(t);
      const content = bytesOf(50_000);
      await follow(await store.blobs.url("sent", { method: "PUT" }), content);
      equal((await store.blobs.head("sent"))?.digest, "sha-256:", "digest");
      await store.blobs.copy("sent", "copy");
      await store.blobs.move("sent", "moved");
      for (const key of ["copy", "moved"]) {
        equal(await (await store.blobs.get(key))?.bytes(), content, `the bytes of the ${key}`);
        equal(await store.blobs.verify(key), true, `verify of the ${key}`);
      }
      const same = await t.store();
      const contentType = (await store.blobs.head("copy"))?.contentType ?? "";
      for (const key of ["copy", "moved"]) await same.blobs.put(key, content, { contentType });
      equal(await store.digest(), await same.digest(), "the digest of the store");
    }),

    clause("K-links-tampered", "A link is for its blob and method alone, and for its time", async (t) => {
      const { blobs } = await linked(t);
      await blobs.put("k", "content");
      await blobs.put("l", "secret");
      const link = await blobs.url("k");
      const other = new URL(link.url);
      other.pathname = other.pathname.replace(/k$/, "l");
      equal((await follow({ ...link, url: other.href })).status, 403, "the status for another blob");
      equal((await follow({ ...link, method: "PUT" }, bytesOf(5))).status, 403, "the status for another method");
      const brief = await blobs.url("k", { expiresIn: "1s" });
      await eventually(async () => (await follow(brief)).status === 403, "a link of a second has expired");
      equal(await (await blobs.get("k"))?.text(), "content", "the content");
    }),

    clause("K-links-closed", "Once the store is closed, url is CLOSED, and links go on", async (t) => {
      const store = await linked(t);
      await store.blobs.put("k", "content");
      const link = await store.blobs.url("k");
      await store.close();
      await refused(() => store.blobs.url("k"), "CLOSED", "url");
      const response = await follow(link);
      holds(response.ok, "the link still works");
      equal(await response.text(), "content", "what it gives");
    }),
  ],
};
