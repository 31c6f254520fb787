import * as z from "zod/mini";
import { prepareUsername } from "./credentials.js";
import { protocolMessage } from "./define-message.js";
import { bytes, count, id, text } from "./fields.js";

/**
 * Matches letters, digits, `_` and `-`, of which at least one is a letter or digit. A letter may have six marks (Burmese
 * syllables have five), and l may have a middle dot (Catalan).
 */
const USERNAME = /^(?=[_-]*[\p{L}\p{N}])(?:[lL]·|\p{L}[\p{Mn}\p{Mc}]{0,6}|[\p{N}_-])+$/u;
const MAX_USERNAME_CHARACTERS = 50;
const MAX_TOKEN_CHARACTERS = 8192;

/**
 * Prepares a username. It skips text that is too long in any form, because normalisation composes at most eight code
 * units to one character.
 */
function prepared(username: string): string {
  return username.length <= 8 * MAX_USERNAME_CHARACTERS ? prepareUsername(username) : username;
}

/**
 * A client's request to log in (type `auth`; docs/PROTOCOL.md, section 7): a username of 3–50 letters, digits, `_` and `-`,
 * and a password of 6–1024 characters. Parsing applies `prepareUsername` to the username.
 */
export const AuthRequest = /* @__PURE__ */ protocolMessage(
  "auth",
  /* @__PURE__ */ z.object({
    username: text(3, MAX_USERNAME_CHARACTERS, {
      prepare: z.overwrite(prepared),
      pattern: USERNAME,
      error: "must have 3 to 50 letters, digits, _ or -, one of them a letter or digit",
    }),
    password: text(6, 1024),
    device_id: z.optional(text(1, 100)),
  }),
  { nil: ["device_id"] },
);
/** A parsed AuthRequest. */
export type AuthRequest = z.output<typeof AuthRequest.schema>;

/**
 * A server's answer to AuthRequest (type `auth_response`; `auth` is read too). `expires_in` is in seconds, `session_key` has
 * 32 bytes.
 */
export const AuthResponse = /* @__PURE__ */ protocolMessage(
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
/** A parsed AuthResponse. */
export type AuthResponse = z.output<typeof AuthResponse.schema>;
