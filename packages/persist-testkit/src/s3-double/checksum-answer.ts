import { type Checksum, checksumElement, checksumHeader } from "./checksum.ts";
import { textElement } from "./xml-writer.ts";

export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {};
  return { [checksumHeader(checksum.algorithm)]: checksum.value, "x-amz-checksum-type": checksum.type };
}

export function checksumElements(checksum: Checksum | undefined): string[] {
  if (checksum === undefined) return [];
  const { algorithm, value, type } = checksum;
  return [textElement(checksumElement(algorithm), value), textElement("ChecksumType", type)];
}
