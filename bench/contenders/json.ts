import { ChatMessage } from "lacre";

type Base64Methods = { toBase64?(): string };

/** Encodes bytes as base64 with the platform's fastest function. */
function toBase64(bytes: Uint8Array): string {
  if (globalThis.Buffer !== undefined) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
  }
  return (bytes as Base64Methods).toBase64?.() ?? btoa(String.fromCharCode(...bytes));
}

/** Converts a validated chat message for JSON, with its bytes as base64 text, which the schema of ChatMessage accepts. */
export function chatMessageForJson(message: ChatMessage): Record<string, unknown> {
  const checked = ChatMessage.parse(message);
  return { ...checked, content: toBase64(checked.content), nonce: toBase64(checked.nonce) };
}
