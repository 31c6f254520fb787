// As on an insecure page, and as in React Native: randomness, and nothing else that a platform need not have.
const getRandomValues = crypto.getRandomValues.bind(crypto);
Object.defineProperty(globalThis, "crypto", { value: { getRandomValues }, configurable: true });

for (const [holder, name] of [
  [globalThis, "SharedArrayBuffer"],
  [globalThis, "scheduler"],
  [String.prototype, "isWellFormed"],
] as const) {
  Reflect.deleteProperty(holder, name);
}
