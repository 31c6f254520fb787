import { ChatMessage } from "lacre";

type Base64Methods = { toBase64?(): string };

/** Base64 text by the fastest way of the platform. */
function toBase64(bytes: Uint8Array): string {
  if (globalThis.Buffer !== undefined) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
  }
  return (bytes as Base64Methods).toBase64?.() ?? btoa(String.fromCharCode(...bytes));
}

/** A checked chat message with its bytes as base64 text, as JSON carries them. ChatMessage's schema reads such text. */
export function chatMessageForJson(message: ChatMessage): Record<string, unknown> {
  const checked = ChatMessage.parse(message);
  return { ...checked, content: toBase64(checked.content), nonce: toBase64(checked.nonce) };
}
