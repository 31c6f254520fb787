// Removes optional features, as on a page without HTTPS and in React Native. Of WebCrypto only getRandomValues stays.
const getRandomValues = crypto.getRandomValues.bind(crypto);
Object.defineProperty(globalThis, "crypto", { value: { getRandomValues }, configurable: true });

for (const [holder, name] of [
  [globalThis, "SharedArrayBuffer"],
  [globalThis, "scheduler"],
  [String.prototype, "isWellFormed"],
] as const) {
  Reflect.deleteProperty(holder, name);
}
