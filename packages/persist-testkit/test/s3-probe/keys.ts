import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { type Bench, type Check, check, outcome } from "./check.ts";
import { content, put } from "./requests.ts";

const oddKeys = [
  "ключ/日本語/emoji😀 sp+plus%25?.txt",
  "a b",
  "a+b",
  "a%2Fb",
  "a#b?c=d&e",
  "q'\"<>&;",
  "//double",
  "x//y",
  "/lead",
  "trail/",
  "a/./b",
  "a/../b",
  "..",
  ".",
  "dot.",
  "UP",
  "up",
  "é",
  "e\u0301",
  "back\\slash",
  "tab\there",
  "line\nbreak",
  "del\u007f",
  "\uff5e",
  "\u{1f600}",
  "*!'()~",
  "__proto__",
  "a:b",
  "k".repeat(1024),
  "k/".repeat(300),
  `segment${"s".repeat(300)}`,
];

const prefix = "odd/";
/** The longest ones lose their beginning, so that they stay as long. */
const keys = oddKeys.map((key) => (key.length === 1024 ? prefix + key.slice(prefix.length) : prefix + key));

async function listed({ s3, bucket }: Bench, encoded: boolean): Promise<string[]> {
  const asked = { Bucket: bucket, Prefix: prefix, ...(encoded ? { EncodingType: "url" as const } : {}) };
  const { Contents = [] } = await s3.send(new ListObjectsV2Command(asked));
  const names = Contents.map(({ Key = "" }) => Key);
  return encoded ? names.map((name) => decodeURIComponent(name.replaceAll("+", " "))) : names;
}

const missingFrom = (found: readonly string[]) =>
  keys.filter((key) => !found.includes(key)).map((key) => JSON.stringify(key.slice(0, 30)));

export const keyChecks: readonly Check[] = [
  check("PUT under odd keys", "200", async (bench) => {
    const statuses = new Set<string>();
    for (const key of keys) statuses.add(await outcome(put(bench, key, `at ${key}`)));
    return [...statuses].join(" ");
  }),
  check("GET under odd keys: those that have another value", "", async (bench) => {
    const wrong: string[] = [];
    for (const key of keys) if ((await content(bench, key)) !== `at ${key}`) wrong.push(JSON.stringify(key));
    return wrong.join(" ");
  }),
  check("odd keys that an encoded listing lacks", "", async (bench) =>
    missingFrom(await listed(bench, true)).join(" "),
  ),
  check("odd keys that a plain listing lacks", "", async (bench) => missingFrom(await listed(bench, false)).join(" ")),
  check("keys are listed in the order of their bytes", "yes", async (bench) => {
    const bytes = (await listed(bench, true)).map((key) => Buffer.from(key));
    return bytes.every((key, index) => index === 0 || Buffer.compare(bytes[index - 1] as Buffer, key) < 0)
      ? "yes"
      : "no";
  }),
  check("a key of 1025 bytes", { aws: "400 KeyTooLongError", ceph16: "400 InvalidObjectName" }, (bench) =>
    outcome(put(bench, "k".repeat(1025), "")),
  ),
];
