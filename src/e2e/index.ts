export type { Bytes } from "../bytes.js";
export type { PlatformCryptoKey } from "../crypto/aead.js";
export type { BodyOptions } from "./body.js";
export { type ChatCipher, chatCipher } from "./chat-cipher.js";
export { ChatKey } from "./chat-key.js";
export type { Content, NewContent, TextContent, UnknownContent } from "./content.js";
export {
  type CreateChatKeyOptions,
  createChatKey,
  type DeriveChatKeyOptions,
  deriveChatKey,
  LEGACY_ITERATIONS,
  type NewChatKey,
} from "./derive-chat-key.js";
export { decrypt, type Encrypted, encrypt } from "./encrypt.js";
export {
  decryptMessage,
  type EncryptMessageOptions,
  encryptMessage,
  type MessageToEncrypt,
} from "./message.js";
export { preparePassphrase } from "./passphrase.js";
