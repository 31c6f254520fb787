export { nameHere, PAGE_SERVER } from "./page-server.js";
export {
  type BrowserChoices,
  type BrowserStores,
  type DraftStore,
  openBrowserStores,
} from "./stores.js";
