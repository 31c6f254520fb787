import { signal } from "@preact/signals";

/** What the address selects. Each change is an entry in the browser's history. */
export type Route =
  | { readonly name: "none" }
  | { readonly name: "chat"; readonly chatId: number }
  | { readonly name: "begin"; readonly peerName: string };

export const route = signal<Route>(readRoute());
addEventListener("hashchange", () => {
  route.value = readRoute();
});

export const chatAddress = (chatId: number) => `#/chat/${chatId}`;
export const beginAddress = (peerName: string) => `#/with/${encodeURIComponent(peerName)}`;

/** Changes the address without an entry in the browser's history. */
export function replaceRoute(address: string): void {
  history.replaceState(null, "", address);
  route.value = readRoute();
}

function readRoute(): Route {
  const [, name, rest = ""] = /^#\/(chat|with)\/(.+)$/.exec(location.hash) ?? [];
  if (name === "chat" && /^\d{1,15}$/.test(rest)) return { name: "chat", chatId: Number(rest) };
  if (name !== "with") return { name: "none" };
  try {
    return { name: "begin", peerName: decodeURIComponent(rest) };
  } catch {
    return { name: "none" };
  }
}
