const namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

export const xmlDocument = (root: string): string => `<?xml version="1.0" encoding="UTF-8"?>\n${root}`;

/** The answer of an operation. */
export const resultDocument = (name: string, elements: readonly string[]): string =>
  xmlDocument(`<${name} xmlns="${namespace}">${elements.join("")}</${name}>`);

export const element = (name: string, elements: readonly string[]): string => `<${name}>${elements.join("")}</${name}>`;

/** Nothing where there is no value. */
export function textElement(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? "" : `<${name}>${escapeXml(String(value))}</${name}>`;
}

/** Control characters, which XML 1.0 has no way to write, become references all the same, as S3 does it. */
function escapeXml(text: string): string {
  return [...text]
    .map((character) => {
      const named = entities[character];
      if (named !== undefined) return named;
      return (character.codePointAt(0) as number) < 0x20 ? `&#x${character.charCodeAt(0).toString(16)};` : character;
    })
    .join("");
}

const entities: Readonly<Record<string, string | undefined>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};
