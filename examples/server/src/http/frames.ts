import type { Context } from "hono";
import {
  type MessageDefinition,
  MessageProtocol,
  type PayloadSchema,
  type ValueToSend,
} from "lacre";
import { encodeHttpAnswer, httpKeys } from "lacre/server";
import type * as z from "zod/mini";
import { HttpError } from "../errors.js";
import type { ActiveSession } from "../identity/sessions.js";
import { answer, mediaType, readBody, readBytes } from "../json.js";
import { readRequestTag } from "./parameters.js";

const FRAMES = "application/msgpack";

/** Maximum bytes of a body: the largest content in base64 plus the other fields. Also the maximum frame size. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

type Wire = 1 | 2;

/** Data of a request's frame that the answer needs. */
interface RequestFrame {
  readonly wire: Wire;
  /** 32-byte tag of the request's frame. */
  readonly request: Uint8Array;
}

/** Format of an answer: JSON, or a frame that contains the request's tag. */
export type AnswerForm = "json" | RequestFrame;

/** Reads a message from the body: JSON, or a frame under the client's HTTP key of the session. */
export async function readMessage<Type extends string, Schema extends PayloadSchema>(
  context: Context,
  session: ActiveSession,
  definition: MessageDefinition<Type, Schema>,
): Promise<{ readonly value: z.output<Schema>; readonly frame?: RequestFrame }> {
  if (mediaType(context.req.header("content-type")) !== FRAMES) {
    return { value: await readBody(context, definition, MAX_MESSAGE_BYTES) };
  }
  const bytes = await readBytes(context, MAX_MESSAGE_BYTES);
  const { client } = httpKeys(session.session_key);
  const message = MessageProtocol.open(bytes, { key: client });
  const { wire, identity: request } = message;
  return { value: definition.fromProtocol(message), frame: { wire, request } };
}

/**
 * Returns the format of the answer. Call it before the request takes effect.
 *
 * @throws {HttpError} if the answer would be a frame, but the request is not a frame and has no request tag.
 */
export function answerForm(context: Context, frame?: RequestFrame): AnswerForm {
  context.header("Vary", "Accept", { append: true });
  const accepted = (context.req.header("accept") ?? "").split(",").map(mediaType);
  if (!accepted.includes(FRAMES)) return "json";
  return frame ?? { wire: 2, request: readRequestTag(context) };
}

/** Answers with a message: JSON, or a frame under the server's HTTP key of the session. */
export function answerMessage<Type extends string, Schema extends PayloadSchema>(
  context: Context,
  session: ActiveSession,
  form: AnswerForm,
  definition: MessageDefinition<Type, Schema>,
  value: ValueToSend<Schema>,
  status: 200 | 201 = 200,
): Response {
  if (form === "json") return answer(context, value, status);
  const { server: key } = httpKeys(session.session_key);
  const bytes = encodeHttpAnswer(definition, value, { key, ...form });
  return context.body(bytes as Uint8Array<ArrayBuffer>, status, { "content-type": FRAMES });
}

/** Requires a client id in a frame, because an attacker may replay the frame and only the client id reveals a repetition. */
export function assertRepeatable(
  client_id: string | undefined,
  frame: RequestFrame | undefined,
): void {
  if (frame !== undefined && client_id === undefined) {
    throw new HttpError(422, "ERR_VALIDATION", "a message in a frame must have a client_id");
  }
}
