export { type Kept, storesInFiles } from "./file-stores.js";
export { writeFile } from "./files.js";
export { loginInFile } from "./login-file.js";
export { connectInNode } from "./socket.js";
