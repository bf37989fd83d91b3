import { textElement, xmlDocument } from "./xml-writer.ts";

/** A refusal, as S3 words it: a status, a code that programs read, and a sentence that people read. */
export class S3Error extends Error {
  override readonly name: string = "S3Error";
  readonly status: number;
  readonly code: string;
  /** Further elements of the answer, such as `ServerTime`. */
  readonly details: Readonly<Record<string, string | number>>;

  constructor(status: number, code: string, message: string, details: Readonly<Record<string, string | number>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** The body of the answer. */
export function errorDocument({ code, message, details }: S3Error, resource: string, requestId: string): string {
  const all = { Code: code, Message: message, ...details, Resource: resource, RequestId: requestId, HostId: requestId };
  const elements = Object.entries(all).map(([name, value]) => textElement(name, value));
  return xmlDocument(`<Error>${elements.join("")}</Error>`);
}

export const notImplemented = (what: string): S3Error =>
  new S3Error(501, "NotImplemented", `A header you provided implies functionality that is not implemented: ${what}`);

export const preconditionFailed = (condition: string): S3Error =>
  new S3Error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", {
    Condition: condition,
  });

export const noSuchKey = (): S3Error => new S3Error(404, "NoSuchKey", "The specified key does not exist.");

export const noSuchUpload = (): S3Error =>
  new S3Error(404, "NoSuchUpload", "The specified upload does not exist. It may have been aborted or completed.");

export const malformedXml = (): S3Error =>
  new S3Error(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against the schema.");

export const invalidArgument = (message: string): S3Error => new S3Error(400, "InvalidArgument", message);

export const invalidRequest = (message: string): S3Error => new S3Error(400, "InvalidRequest", message);
