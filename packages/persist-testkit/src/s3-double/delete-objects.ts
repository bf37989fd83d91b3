/** Many objects removed by one request: each by itself, with an outcome of its own. */
import { fromUtf8 } from "./byte-string.ts";
import { checkWrite } from "./conditions.ts";
import { bucketOf, type Exchange, type Reply, xmlReply } from "./exchange.ts";
import { checkKey } from "./request.ts";
import { invalidRequest, malformedXml, notImplemented, S3Error } from "./s3-error.ts";
import { readXmlBody } from "./xml-body.ts";
import { textOf, type XmlElement } from "./xml-reader.ts";
import { element, resultDocument, textElement } from "./xml-writer.ts";

const mostKeys = 1000;

export async function deleteObjects(exchange: Exchange): Promise<Reply> {
  bucketOf(exchange);
  const { root, body } = await readXmlBody(exchange, "Delete");
  if (exchange.profile.checksums && !body.hasMd5 && body.checksum === undefined) {
    throw invalidRequest("Missing required header for this request: Content-MD5");
  }
  const isQuiet = textOf(root, "Quiet") === "true";
  const named = root.children.filter(({ name }) => name === "Object");
  if (named.length === 0 || named.length > mostKeys) throw malformedXml();
  const outcomes = named.map((object) => {
    const key = textOf(object, "Key");
    if (key === undefined || key === "") throw malformedXml();
    const refusal = deleteOne(exchange, key, object);
    if (refusal === undefined) return isQuiet ? "" : element("Deleted", [textElement("Key", key)]);
    const { code, message } = refusal;
    return element("Error", [textElement("Key", key), textElement("Code", code), textElement("Message", message)]);
  });
  return xmlReply(resultDocument("DeleteResult", outcomes));
}

function deleteOne(exchange: Exchange, name: string, asked: XmlElement): S3Error | undefined {
  const { objects } = bucketOf(exchange);
  const key = fromUtf8(name);
  try {
    checkKey(key, exchange.profile);
    if (textOf(asked, "VersionId") !== undefined) throw notImplemented("the version of an object");
    if (exchange.profile.otherConditions) {
      checkWrite({ ifMatch: textOf(asked, "ETag"), ifNoneMatch: undefined }, objects.get(key), exchange.profile);
    }
    objects.delete(key);
    return undefined;
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
}
