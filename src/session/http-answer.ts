import * as z from "zod/mini";
import { objectArgument } from "../arguments.js";
import { copyOfBytes, decodeHex, equalConstantTime, isUint8Array } from "../bytes.js";
import { MessageProtocol, type VerifiedMessage } from "../envelope/message-protocol.js";
import type { SigningKey } from "../envelope/signing-key.js";
import { VerifyError } from "../errors.js";
import { MAC_BYTES } from "../limits.js";
import { bytes } from "../messages/fields.js";

/** Schema of the payload field that holds the tag of the request. */
const RequestTag = /* @__PURE__ */ z.object({ request: bytes({ length: MAC_BYTES }) });

/**
 * Opens the server's answer to an HTTP request (H-12 of docs/PROTOCOL.md). `request` is the signed message that was sent, or
 * the 32 random bytes of its header `Lacre-Request`. `now` is Unix time in seconds.
 *
 * ```ts
 * const { client, server } = httpKeys(sessionKey);
 * const request = ChatMessage.toProtocol(message, client);
 * const answer = openHttpAnswer(await post(request.toBytes()), { key: server, request });
 * const { seq } = Ack.fromProtocol(answer);
 * ```
 *
 * @throws {VerifyError} if the answer is to another request, or not signed with `key`.
 * @throws {LacreError} all other errors of `MessageProtocol.open`.
 */
export function openHttpAnswer(
  data: Uint8Array | ArrayBuffer,
  options: {
    readonly key: SigningKey;
    readonly request: MessageProtocol | Uint8Array;
    readonly now?: number;
  },
): VerifiedMessage {
  const { key, request, now } = objectArgument(options, "options");
  const asked = isUint8Array(request) ? copyOfBytes(request) : decodeHex(`${request?.signature}`);
  const message = MessageProtocol.open(data, { key, ...(now !== undefined && { now }) });
  const named = z.safeParse(RequestTag, message.payload);
  const isAnswer =
    asked?.length === MAC_BYTES && named.success && equalConstantTime(named.data.request, asked);
  if (!isAnswer) throw new VerifyError();
  return message;
}
