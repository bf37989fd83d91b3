import { ListObjectsV2Command, type ListObjectsV2CommandInput } from "@aws-sdk/client-s3";
import { type Bench, type Check, check, outcome } from "./check.ts";
import { put, remove } from "./requests.ts";

function list({ s3, bucket }: Bench, asked: Partial<ListObjectsV2CommandInput>) {
  return s3.send(new ListObjectsV2Command({ Bucket: bucket, ...asked }));
}

/** `D/a/` for a group, `D/c` for an object, in the order of the answer. */
function namesOf({ CommonPrefixes = [], Contents = [] }: Awaited<ReturnType<typeof list>>): string {
  return [...CommonPrefixes.map(({ Prefix }) => Prefix), ...Contents.map(({ Key }) => Key)].join(" ");
}

/** Pages, with `|` between them. */
async function pages(bench: Bench, asked: Partial<ListObjectsV2CommandInput>): Promise<string> {
  const found: string[] = [];
  let token: string | undefined;
  do {
    const page = await list(bench, { ...asked, ...(token === undefined ? {} : { ContinuationToken: token }) });
    found.push(namesOf(page));
    token = page.NextContinuationToken;
  } while (token !== undefined && found.length < 50);
  return found.join(" | ");
}

export const listingChecks: readonly Check[] = [
  check("objects to list", "200", async (bench) => {
    const keys = ["L/1", "L/2", "L/3", "L/4", "L/5", "D/a/1", "D/a/2", "D/b/1", "D/c", "D/d"];
    return [...new Set(await Promise.all(keys.map((key) => outcome(put(bench, key, "x")))))].join(" ");
  }),
  check("all under a prefix", "L/1 L/2 L/3 L/4 L/5", (bench) => pages(bench, { Prefix: "L/" })),
  check("a prefix of nothing", "0", async (bench) => String((await list(bench, { Prefix: "none/" })).KeyCount)),
  check("pages of two", "L/1 L/2 | L/3 L/4 | L/5", (bench) => pages(bench, { Prefix: "L/", MaxKeys: 2 })),
  check("a last page that is full", "L/1 L/2 L/3 L/4 L/5", (bench) => pages(bench, { Prefix: "L/", MaxKeys: 5 })),
  check("after a key", "L/4 L/5", (bench) => pages(bench, { Prefix: "L/", StartAfter: "L/3" })),
  check("after a key that is none", "L/3 L/4 L/5", (bench) => pages(bench, { Prefix: "L/", StartAfter: "L/2x" })),
  check("after all keys", "", (bench) => pages(bench, { Prefix: "L/", StartAfter: "L/9" })),
  check("groups", "D/a/ D/b/ D/c D/d", (bench) => pages(bench, { Prefix: "D/", Delimiter: "/" })),
  check("pages of groups", "D/a/ | D/b/ | D/c | D/d", (bench) =>
    pages(bench, { Prefix: "D/", Delimiter: "/", MaxKeys: 1 }),
  ),
  check("groups count as keys", "4", async (bench) =>
    String((await list(bench, { Prefix: "D/", Delimiter: "/" })).KeyCount),
  ),
  check("a page of none", "0 false", async (bench) => {
    const { KeyCount, IsTruncated } = await list(bench, { Prefix: "L/", MaxKeys: 0 });
    return `${KeyCount} ${IsTruncated}`;
  }),
  check("a page is at most of 1000", "1000", async (bench) =>
    String((await list(bench, { Prefix: "L/", MaxKeys: 5000 })).MaxKeys),
  ),
  check("a listing tells ETag and size", '"9dd4e461268c8034f5c8564e155c67a6" 1', async (bench) => {
    const [first] = (await list(bench, { Prefix: "L/1" })).Contents ?? [];
    return `${first?.ETag} ${first?.Size}`;
  }),
  check("what is removed and added between pages", "L/1 L/2, then L/4 L/5 L/6", async (bench) => {
    const first = await list(bench, { Prefix: "L/", MaxKeys: 2 });
    for (const key of ["L/2", "L/3"]) await remove(bench, key);
    for (const key of ["L/0", "L/6"]) await put(bench, key, "x");
    const token = first.NextContinuationToken ?? "";
    return `${namesOf(first)}, then ${namesOf(await list(bench, { Prefix: "L/", ContinuationToken: token }))}`;
  }),
];
