import type { Context } from "hono";
import { type MessageDefinition, MessageProtocol, type PayloadSchema } from "lacre";
import { directionKeys } from "lacre/session";
import type * as z from "zod/mini";
import { Refusal } from "../errors.js";
import type { ActiveSession } from "../identity/sessions.js";
import { answer, mediaType, readBody, readBytes } from "../json.js";

const FRAMES = "application/msgpack";

/** The largest content as base64 text, and what a message has besides: also the largest frame. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

type Wire = 1 | 2;

/** A body that is a message: JSON, or a frame signed with the session's client key, whose wire it was on. */
export async function readMessage<Type extends string, Schema extends PayloadSchema>(
  context: Context,
  session: ActiveSession,
  definition: MessageDefinition<Type, Schema>,
): Promise<{ readonly value: z.output<Schema>; readonly wire?: Wire }> {
  if (mediaType(context.req.header("content-type")) !== FRAMES) {
    return { value: await readBody(context, definition, MAX_MESSAGE_BYTES) };
  }
  const bytes = await readBytes(context, MAX_MESSAGE_BYTES);
  const { client } = directionKeys(session.session_key);
  const message = MessageProtocol.open(bytes, { key: client });
  return { value: definition.fromProtocol(message), wire: message.wire };
}

/** Answers with a message as the asker wants it: in JSON, or as a frame signed with the session's server key. */
export function answerMessage<Type extends string, Schema extends PayloadSchema>(
  context: Context,
  session: ActiveSession,
  definition: MessageDefinition<Type, Schema>,
  value: z.input<Schema>,
  { status = 200, wire = 2 }: { status?: 200 | 201; wire?: Wire | undefined } = {},
): Response {
  context.header("Vary", "Accept", { append: true });
  const accepted = (context.req.header("accept") ?? "").split(",").map(mediaType);
  if (!accepted.includes(FRAMES)) return answer(context, value, status);
  const { server } = directionKeys(session.session_key);
  const frame = definition.toProtocol(value, server, { wire }).toBytes();
  return context.body(frame as Uint8Array<ArrayBuffer>, status, { "content-type": FRAMES });
}

/** A frame may be sent again by whoever saw it; only its client id tells that the message came before. */
export function assertRepeatable(client_id: string | undefined, wire: Wire | undefined): void {
  if (wire !== undefined && client_id === undefined) {
    throw new Refusal(422, "ERR_VALIDATION", "a message in a frame needs a client_id");
  }
}
