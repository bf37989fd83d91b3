/** Listing what is in the bucket. */
import { compareKeys } from "@cuitty/persist-core";
import type { Bucket } from "./bucket.ts";
import { listObjects, listUploads as listPage } from "./drivers/listings.ts";
import type { Sending } from "./sending.ts";

/** That a server puts on a page, however many are asked for. */
const mostOnPage = 1_000;
const mostKeyBytes = 1_024;
const lastCharacter = "\u{10FFFF}";

export function createListings({ driver, send, within }: Sending): Pick<Bucket, "list" | "listUploads"> {
  const list: Bucket["list"] = async (prefix, o) => {
    const { after, limit, delimiter } = o;
    const isFolder = delimiter !== undefined && after?.endsWith(delimiter) === true && after !== prefix;
    const request = {
      prefix,
      after: isFolder ? lastKeyOf(after) : after,
      limit: Math.min(limit, mostOnPage),
      delimiter,
    };
    const call = { attempt: `list "${prefix}"`, writes: false, within };
    const page = await send(o, call, ({ signal }) => listObjects(driver, request, signal));
    if (after === undefined || delimiter === undefined) return page;
    // Some servers put a folder on the page that has keys behind `after`, though it is before itself.
    return { ...page, prefixes: page.prefixes.filter((folder) => compareKeys(folder, after) > 0) };
  };

  const listUploads: Bucket["listUploads"] = (prefix, o) => {
    const call = { attempt: `list the uploads to "${prefix}"`, writes: false, within };
    return send(o, call, ({ signal }) => listPage(driver, { prefix, after: o.after }, signal));
  };

  return { list, listUploads };
}

/** The last one that can be in a folder. */
function lastKeyOf(folder: string): string {
  const room = mostKeyBytes - Buffer.byteLength(folder);
  return folder + lastCharacter.repeat(Math.max(0, Math.floor(room / 4)));
}
