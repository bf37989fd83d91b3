/** Reads the little XML that requests carry: elements and text. Attributes are passed over, and nothing else is allowed. */
import { malformedXml } from "./s3-error.ts";

export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** Elements in elements in elements: requests of S3 go three deep. */
const deepest = 8;

const token = /<\?[^>]*\?>|<(\/?)([A-Za-z][\w.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;

/** @throws S3Error `MalformedXML` */
export function readXml(text: string): XmlElement {
  type Open = { name: string; text: string; children: XmlElement[] };
  const root: Open = { name: "", text: "", children: [] };
  const open = [root];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const found = token.exec(text);
    const inside = open.at(-1);
    if (found === null || inside === undefined || open.length > deepest) throw malformedXml();
    const [, closing, name, , empty, content] = found;
    if (content !== undefined) inside.text += decodeEntities(content);
    else if (name === undefined) continue;
    else if (closing) {
      if (inside.name !== name || open.pop() === root) throw malformedXml();
    } else {
      const child: Open = { name, text: "", children: [] };
      inside.children.push(child);
      if (!empty) open.push(child);
    }
  }
  const [top, ...others] = root.children;
  if (open.length !== 1 || top === undefined || others.length > 0 || root.text.trim() !== "") throw malformedXml();
  return top;
}

/** The texts of the elements of this name. */
export function textOf({ children }: XmlElement, name: string): string | undefined {
  return children.find((child) => child.name === name)?.text;
}

function decodeEntities(text: string): string {
  return text.replace(/&([^;&]*);?/g, (whole, name: string) => {
    const plain = plainOf[name];
    if (plain !== undefined) return plain;
    const number = /^#x([\da-f]{1,6})$/i.exec(name)?.[1];
    const code = number === undefined ? Number(/^#(\d{1,7})$/.exec(name)?.[1]) : Number.parseInt(number, 16);
    if (!whole.endsWith(";") || !(code <= 0x10ffff)) throw malformedXml();
    return String.fromCodePoint(code);
  });
}

const plainOf: Readonly<Record<string, string | undefined>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
