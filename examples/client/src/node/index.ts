export { decodeLine, decodeText, NotUtf8Error } from "lacre-api/decode-text";
export { type Kept, storesInFiles } from "./file-stores.js";
export { FileDraft, writeFile } from "./files.js";
export { loginInFile } from "./login-file.js";
export { NodeWebSocket } from "./socket.js";
