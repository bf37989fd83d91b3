import type { Body } from "./body.ts";
import type { Exchange } from "./exchange.ts";
import { malformedXml } from "./s3-error.ts";
import { readXml, type XmlElement } from "./xml-reader.ts";

/** Ten thousand parts with their checksums, or a thousand of the longest keys, are less. */
const largest = 4 * 1024 ** 2;

/** @throws S3Error `MalformedXML` where it is not XML with this root. */
export async function readXmlBody(exchange: Exchange, name: string): Promise<{ root: XmlElement; body: Body }> {
  const body = await exchange.receive(largest);
  const text = Buffer.concat([...body.content.pieces(0, body.content.size)]).toString("utf8");
  const root = readXml(text);
  if (root.name !== name) throw malformedXml();
  return { root, body };
}
