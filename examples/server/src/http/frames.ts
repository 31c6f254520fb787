import type { Context } from "hono";
import { type MessageDefinition, MessageProtocol, type PayloadSchema } from "lacre";
import { directionKeys } from "lacre/session";
import type * as z from "zod/mini";
import { Refusal } from "../errors.js";
import type { ActiveSession } from "../identity/sessions.js";
import { answer, parseJson } from "../json.js";

const FRAMES = "application/msgpack";

/** A body that is a message: JSON, or a frame signed with the session's client key. */
export async function readMessage<Type extends string, Schema extends PayloadSchema>(
  context: Context,
  session: ActiveSession,
  definition: MessageDefinition<Type, Schema>,
): Promise<{ readonly value: z.output<Schema>; readonly isFrame: boolean }> {
  if (!isFrames(context.req.header("content-type"))) {
    return { value: definition.parse(await parseJson(context)), isFrame: false };
  }
  const bytes = new Uint8Array(await context.req.arrayBuffer());
  const { client } = directionKeys(session.session_key);
  const message = MessageProtocol.open(bytes, { key: client });
  context.set("wire", message.wire);
  return { value: definition.fromProtocol(message), isFrame: true };
}

/** Answers with a message as the asker wants it: in JSON, or as a frame on the wire of the question. */
export function answerMessage<Type extends string, Schema extends PayloadSchema>(
  context: Context,
  session: ActiveSession,
  definition: MessageDefinition<Type, Schema>,
  value: z.input<Schema>,
  status: 200 | 201 = 200,
): Response {
  if (!isFrames(context.req.header("accept"))) return answer(context, value, status);
  const { server } = directionKeys(session.session_key);
  const wire = (context.get("wire") as 1 | 2 | undefined) ?? 2;
  const frame = definition.toProtocol(value, server, { wire }).toBytes();
  return context.body(frame as Uint8Array<ArrayBuffer>, status, { "content-type": FRAMES });
}

function isFrames(mediaTypes = ""): boolean {
  return mediaTypes.split(",").some((type) => type.split(";")[0]!.trim().toLowerCase() === FRAMES);
}

/** A frame may be sent again by whoever saw it; only its client id tells that the message came before. */
export function assertRepeatable(client_id: string | undefined, isFrame: boolean): void {
  if (isFrame && client_id === undefined) {
    throw new Refusal(422, "ERR_VALIDATION", "a message in a frame needs a client_id");
  }
}
