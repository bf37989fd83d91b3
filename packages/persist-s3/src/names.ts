/**
 * Any text as part of an object's key, readable and in the same order.
 *
 * | code points | written |
 * |---|---|
 * | up to `!`, the space among them | `!` and two hex digits |
 * | `~`, DEL | `~7e`, `~7f` |
 * | all others | as they are |
 *
 * The order of what is written, by UTF-8 bytes, is that of the texts; a prefix of a text is written as a prefix; a space occurs nowhere and can separate. What stands for control characters is there
 * because XML, and so a listing, has no way to say them.
 *
 * Where there is no room for a name, its head gives way to `~~` and its SHA-256. Names that share the head and are cut may stand in any order; nothing else stands between them.
 */
import { createSha256 } from "@cuitty/persist-core";

// By properties, since control characters must not be written in an expression: some beyond ASCII match, and are written as they are.
const special = /[\p{Cc}!~ ]/u;
const written = /[!~](..)/g;
const cutMark = "~~";
const hashLength = 64;

export function writeName(text: string): string {
  if (!special.test(text)) return text;
  let name = "";
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code > 0x21 && code !== 0x7e && code !== 0x7f) name += character;
    else name += `${code > 0x21 ? "~" : "!"}${code.toString(16).padStart(2, "0")}`;
  }
  return name;
}

export function readName(name: string): string {
  return name.replace(written, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** The name, or what there is room for: `longest` is in bytes. */
export function cutName(name: string, longest: number): string {
  if (Buffer.byteLength(name) <= longest) return name;
  const hash = createSha256();
  hash.update(new TextEncoder().encode(name));
  return headOf(name, longest) + cutMark + hash.digest();
}

export const isCut = (name: string): boolean => name.includes(cutMark);

/** What is sure to be left of the name, and of all those that may be out of order with it. */
export function headOf(name: string, longest: number): string {
  const end = name.indexOf(cutMark);
  if (end !== -1) return name.slice(0, end);
  let room = longest - cutMark.length - hashLength;
  if (name.length * 3 <= room) return name;
  let length = 0;
  for (const character of name) {
    room -= Buffer.byteLength(character);
    if (room < 0) break;
    length += character.length;
  }
  return name.slice(0, length);
}

/** In the order of the numbers. */
export function numbered(number: number): string {
  return String(number).padStart(16, "0");
}
