export { type Kept, storesInFiles } from "./file-stores.js";
export { loginInFile } from "./login-file.js";
export { connectInNode } from "./socket.js";
