/**
 * Handing commands to the SDK. It puts its stack of middleware together anew for each of them, which is a good part of what a small request costs; for a client of our own it is done once
 * for each kind. What belongs to one request travels with its input, since the stack is the same for all.
 */
import type { S3Client } from "@aws-sdk/client-s3";
import type { NodeHttpHandler } from "@smithy/node-http-handler";

export interface Sending {
  readonly signal: AbortSignal;
  /** In hex, instead of that of the body. */
  readonly sha256?: string | undefined;
  /** The header of the answer. */
  date?: string | undefined;
}

type Stack = S3Client["middlewareStack"];

/** What there is of a command, whichever it is. */
interface Command<Output> {
  readonly input: object;
  readonly middlewareStack: unknown;
  resolveMiddleware(stack: Stack, config: never, options: undefined): (command: never) => Promise<{ output: Output }>;
}

export type SendCommand = <Output>(command: Command<Output>, sending: Sending) => Promise<Output>;

type Handler = (command: unknown) => Promise<{ output: unknown }>;

const key = Symbol("sending");
const sendingOf = (input: object): Sending | undefined => (input as { [key]?: Sending })[key];

type Request = Parameters<NodeHttpHandler["handle"]>[0];

export function createSender(client: S3Client, handler: NodeHttpHandler): SendCommand {
  const handlers = new Map<unknown, Handler>();
  const signals = new WeakMap<object, AbortSignal>();
  accompany(client.middlewareStack, (request, { signal }) => signals.set(request, signal));
  const handle = handler.handle.bind(handler);
  handler.handle = (request: Request, options) => {
    const abortSignal = signals.get(request);
    return handle(request, abortSignal === undefined ? options : { ...options, abortSignal });
  };

  return async <Output>(command: Command<Output>, sending: Sending) => {
    let send = handlers.get(command.constructor);
    if (send === undefined) {
      send = command.resolveMiddleware(client.middlewareStack, client.config as never, undefined) as Handler;
      handlers.set(command.constructor, send);
    }
    (command.input as { [key]?: Sending })[key] = sending;
    return (await send(command)).output as Output;
  };
}

export function createGivenSender(client: S3Client): SendCommand {
  return async <Output>(command: Command<Output>, sending: Sending) => {
    accompany(command.middlewareStack as Stack, () => {});
    (command.input as { [key]?: Sending })[key] = sending;
    const sent = client.send(command as never, { abortSignal: sending.signal });
    return (await sent) as unknown as Output;
  };
}

/** `send` is told of each request when it is complete. */
function accompany(stack: Stack, send: (request: object, sending: Sending) => void): void {
  stack.add(
    (next) => (args) => {
      const sha256 = sendingOf(args.input)?.sha256;
      if (sha256 !== undefined)
        (args.request as { headers: Record<string, string> }).headers["x-amz-content-sha256"] = sha256;
      return next(args);
    },
    { step: "build", name: "persistBody" },
  );
  stack.add(
    (next) => async (args) => {
      const sending = sendingOf(args.input);
      if (sending !== undefined) send(args.request as object, sending);
      const result = await next(args);
      if (sending !== undefined) sending.date = (result.response as { headers?: Record<string, string> }).headers?.date;
      return result;
    },
    { step: "deserialize", priority: "low", name: "persistRequest" },
  );
}
