export { ChatKey, type DeriveChatKeyOptions, deriveChatKey, generateSalt } from "./chat-key.js";
export type { Content, TextContent, UnknownContent } from "./content.js";
export { decrypt, type Encrypted, encrypt } from "./encrypt.js";
export { decryptMessage, encryptMessage, type MessageToEncrypt } from "./message.js";
