/** The double, until its parent lets go of it. */
import { startS3Double } from "@cuitty/persist-testkit/s3-double";

const { endpoint, region, credentials, close } = await startS3Double();
process.once("disconnect", () => void close());
process.send?.({ endpoint, region, credentials });
