/**
 * Keys are bytes. Here they are strings with one character for each byte, so that `<` on them is the order of listings,
 * they can be the keys of a Map, and none is changed on its way.
 */
export type ByteString = string;

export const fromUtf8 = (text: string): ByteString => Buffer.from(text, "utf8").toString("latin1");

export const toUtf8 = (bytes: ByteString): string => Buffer.from(bytes, "latin1").toString("utf8");

export const isUtf8 = (bytes: ByteString): boolean => fromUtf8(toUtf8(bytes)) === bytes;

/** @returns `undefined` where a `%` is not followed by two hexadecimal digits. */
export function percentDecode(text: string): ByteString | undefined {
  if (/%(?![\da-f]{2})/i.test(text)) return undefined;
  return text.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** As signatures want it: everything but letters, digits and `-._~`, and what is to be kept beside them. */
export function percentEncode(bytes: ByteString, kept = ""): string {
  return bytes.replace(/[^A-Za-z0-9\-._~]/g, (character) => {
    if (kept.includes(character)) return character;
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  });
}

/** As listings with `encoding-type=url` have it. */
export const formEncode = (bytes: ByteString): string =>
  percentEncode(bytes, " /*").replaceAll("~", "%7E").replaceAll(" ", "+");
