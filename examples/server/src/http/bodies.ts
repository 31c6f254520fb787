import { Ack, AuthRequest, ChatMessage, ChatSummary, defineMessage } from "lacre";
import * as z from "zod/mini";

/** Bodies that travel over HTTP alone. The others are lacre's messages. */

const userId = ChatSummary.shape.peer_id;
const username = ChatSummary.shape.peer_name;
const time = Ack.schema.shape.stored_at;

export const RefreshRequest = defineMessage(
  "refresh",
  z.object({ refresh_token: z.string().check(z.minLength(1), z.maxLength(8192)) }),
);

export const WebSocketTicket = z.object({ ticket: z.string(), expires_in: z.int() });

export const User = z.object({
  user_id: userId,
  uuid: z.string(),
  username,
  created_at: time,
  last_login: z.optional(time),
});

export const UserPage = z.object({
  users: z.array(z.object({ user_id: userId, username })),
  /** What to give as `after` for the next page; absent on the last one. */
  next: z.optional(z.string()),
});

const parameters = z.required(
  z.pick(ChatSummary, { salt: true, iterations: true, key_check: true }),
);

const together = "salt, iterations and key_check are set together";

export const CreateChat = defineMessage(
  "create_chat",
  z
    .object({
      peer_name: AuthRequest.schema.shape.username,
      encryption_type: ChatSummary.shape.encryption_type,
      auto_delete_hours: ChatSummary.shape.auto_delete_hours,
      ...z.partial(parameters).shape,
    })
    .check(z.refine(areTogether, { error: together })),
);

export const ConfigureChat = defineMessage(
  "configure_chat",
  z
    .object({
      encryption_type: z.optional(ChatSummary.shape.encryption_type),
      // null switches it off.
      auto_delete_hours: z.optional(z.nullable(z.int().check(z.positive(), z.maximum(87_600)))),
      ...z.partial(parameters).shape,
    })
    .check(z.refine(areTogether, { error: together })),
);

/** An acknowledgement also for a message that came without a client id. */
export const Stored = defineMessage(
  "ack",
  z.extend(Ack.schema, { client_id: ChatMessage.schema.shape.client_id }),
);

export const Health = z.object({
  /** Degraded: this instance serves whom it serves, but hears nothing of the others. */
  status: z.enum(["ok", "degraded"]),
  database: z.literal("ok"),
  redis: z.enum(["ok", "unavailable", "none"]),
});

function areTogether(value: {
  salt?: unknown;
  iterations?: unknown;
  key_check?: unknown;
}): boolean {
  const given = [value.salt, value.iterations, value.key_check].filter((one) => one !== undefined);
  return given.length === 0 || given.length === 3;
}
