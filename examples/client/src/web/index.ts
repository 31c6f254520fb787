export { type BrowserChoices, type BrowserStores, openBrowserStores } from "./stores.js";
