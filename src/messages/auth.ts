import * as z from "zod/mini";
import { defineMessage } from "./define-message.js";
import { bytes, count, id, text } from "./fields.js";

const USERNAME = /^[\p{L}\p{N}_-]*[\p{L}\p{N}][\p{L}\p{N}_-]*$/u;
const MAX_TOKEN_CHARACTERS = 8192;

/** What a client says to be let in (type `auth`): username of 3–50 letters, digits, `_` and `-`; password of 6–1024 characters. */
export const AuthRequest = /* @__PURE__ */ defineMessage(
  "auth",
  /* @__PURE__ */ z.object({
    username: text(
      3,
      50,
      USERNAME,
      "must have 3 to 50 letters, digits, _ or -, one of them a letter or digit",
    ),
    password: text(6, 1024),
    device_id: z.optional(text(1, 100)),
  }),
  { nil: ["device_id"] },
);
/** What a parsed AuthRequest holds. */
export type AuthRequest = z.output<typeof AuthRequest.schema>;

/** What a server answers (type `auth_response`, read as `auth` too); `expires_in` in seconds, `session_key` of 32 bytes. */
export const AuthResponse = /* @__PURE__ */ defineMessage(
  "auth_response",
  /* @__PURE__ */ z.object({
    success: z.boolean(),
    access_token: z.optional(text(1, MAX_TOKEN_CHARACTERS)),
    refresh_token: z.optional(text(1, MAX_TOKEN_CHARACTERS)),
    user_id: z.optional(id()),
    username: z.optional(text(1, 50)),
    expires_in: z.optional(count()),
    error: z.optional(text(0, 1000)),
    session_key: z.optional(bytes({ length: 32 })),
  }),
  {
    nil: ["access_token", "refresh_token", "user_id", "username", "expires_in", "error"],
    aliases: ["auth"],
  },
);
/** What a parsed AuthResponse holds. */
export type AuthResponse = z.output<typeof AuthResponse.schema>;
