import { Ack, AuthRequest, ChatMessage, ChatSummary, defineMessage } from "lacre";
import * as z from "zod/mini";

export const MAX_AUTO_DELETE_HOURS = 87_600;

/** The `encryption_type` of chats whose keys come from MLS (RFC 9420). */
export const MLS = "MLS";

/** Maximum number of users in an MLS chat, with its creator. */
export const MAX_MEMBERS = 64;

/** Cipher suites of MLS chats: X25519 with AES-128, and X-Wing with AES-256. */
const SUITES = [1, 0xf00d] as const;

// Bodies that only HTTP uses. The others are messages of lacre.

const userId = ChatSummary.shape.peer_id;
const username = ChatSummary.shape.peer_name;
const time = Ack.schema.shape.stored_at;

export const RefreshRequest = defineMessage(
  "refresh",
  z.object({
    refresh_token: z.string().check(z.minLength(1), z.maxLength(8192)),
    /** Device of the login. It may repeat a request whose answer was lost. */
    device_id: AuthRequest.schema.shape.device_id,
  }),
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
  /** Value of `after` for the next page; absent on the last page. */
  next: z.optional(z.string()),
});

const parameters = z.required(
  z.pick(ChatSummary, { salt: true, iterations: true, key_check: true }),
);

/** At most ten years. */
const autoDeleteHours = z.int().check(z.positive(), z.maximum(MAX_AUTO_DELETE_HOURS));

const together = "salt, iterations and key_check are set together";

export const CreateChat = defineMessage(
  "create_chat",
  z
    .object({
      /** The other member of a passphrase chat. */
      peer_name: z.optional(AuthRequest.schema.shape.username),
      /** The users whom the creator invites to an MLS chat. */
      members: z.optional(
        z
          .array(AuthRequest.schema.shape.username)
          .check(z.minLength(1), z.maxLength(MAX_MEMBERS - 1)),
      ),
      /** Cipher suite of an MLS chat. */
      suite: z.optional(z.literal(SUITES)),
      encryption_type: ChatSummary.shape.encryption_type,
      auto_delete_hours: z.optional(autoDeleteHours),
      ...z.partial(parameters).shape,
    })
    .check(
      z.refine(areTogether, { error: together }),
      z.refine(hasPeer, {
        path: ["peer_name"],
        error: "required, except with the encryption_type MLS",
      }),
      z.refine(hasMembers, {
        path: ["members"],
        error: "members and suite are given with the encryption_type MLS, and only then",
      }),
    ),
);

export const RestartChat = defineMessage("restart_chat", parameters);

export const ConfigureChat = defineMessage(
  "configure_chat",
  z
    .object({
      encryption_type: z.optional(
        ChatSummary.shape.encryption_type.check(
          z.refine((type) => type !== MLS, { error: "a chat with a passphrase stays one" }),
        ),
      ),
      // null disables automatic deletion.
      auto_delete_hours: z.optional(z.nullable(autoDeleteHours)),
      ...z.partial(parameters).shape,
    })
    .check(z.refine(areTogether, { error: together })),
);

/** `accept` also unblocks. */
export const Contact = defineMessage(
  "contact",
  z.object({ action: z.enum(["accept", "block", "unblock"]) }),
);

/** Number of messages that a change of `auto_delete_hours` would delete. `has_more` if the count reached its limit. */
export const ExpiringMessages = z.object({ count: z.int(), has_more: z.boolean() });

/** Like Ack, but `client_id` is optional. */
export const Stored = defineMessage(
  "ack",
  z.extend(Ack.schema, { client_id: ChatMessage.schema.shape.client_id }),
);

export const Health = z.object({
  /** Degraded: this instance cannot reach the others, or its database is locked. */
  status: z.enum(["ok", "degraded"]),
  /** Locked: another process has locked the SQLite file for a short time. */
  database: z.enum(["ok", "locked"]),
  redis: z.enum(["ok", "unavailable", "none"]),
});

interface CreatedChat {
  readonly encryption_type: string;
  readonly peer_name?: string | undefined;
  readonly members?: readonly string[] | undefined;
  readonly suite?: number | undefined;
  readonly salt?: unknown;
}

/** Whether a chat names a peer, or is an MLS chat, which has neither peer nor passphrase. */
function hasPeer({ encryption_type, peer_name, salt }: CreatedChat): boolean {
  const isMls = encryption_type === MLS;
  return isMls ? peer_name === undefined && salt === undefined : peer_name !== undefined;
}

function hasMembers({ encryption_type, members, suite }: CreatedChat): boolean {
  const isMls = encryption_type === MLS;
  return isMls === (members !== undefined) && isMls === (suite !== undefined);
}

function areTogether(value: {
  salt?: unknown;
  iterations?: unknown;
  key_check?: unknown;
}): boolean {
  const given = [value.salt, value.iterations, value.key_check].filter((one) => one !== undefined);
  return given.length === 0 || given.length === 3;
}
