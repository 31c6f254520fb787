import { memoryMlsStorage } from "../../src/client/mls/index.js";
import { describeMlsStorage } from "./mls-storage-contract.js";

describeMlsStorage("memoryMlsStorage", () => {
  const storage = memoryMlsStorage();
  return { open: () => storage };
});
