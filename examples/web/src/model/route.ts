import { signal } from "@preact/signals";

/** What the address selects. Each change is an entry in the browser's history. */
export type Route =
  | { readonly name: "none" }
  | { readonly name: "chat"; readonly chatId: number }
  | { readonly name: "begin"; readonly peerName: string }
  /** `chatId` is undefined for the list of groups. */
  | { readonly name: "groups"; readonly chatId: number | undefined };

/** Address of the list of groups. */
export const GROUPS_ADDRESS = "#/groups";

export const route = signal<Route>(readRoute());
addEventListener("hashchange", () => {
  route.value = readRoute();
});

export const chatAddress = (chatId: number) => `#/chat/${chatId}`;
export const groupAddress = (chatId: number) => `#/group/${chatId}`;
export const beginAddress = (peerName: string) => `#/with/${encodeURIComponent(peerName)}`;

/** Changes the address without an entry in the browser's history. */
export function replaceRoute(address: string): void {
  history.replaceState(null, "", address);
  route.value = readRoute();
}

function readRoute(): Route {
  if (location.hash === GROUPS_ADDRESS) return { name: "groups", chatId: undefined };
  const [, name, rest = ""] = /^#\/(chat|group|with)\/(.+)$/.exec(location.hash) ?? [];
  if (name === "chat" && /^\d{1,15}$/.test(rest)) return { name: "chat", chatId: Number(rest) };
  if (name === "group" && /^\d{1,15}$/.test(rest)) return { name: "groups", chatId: Number(rest) };
  if (name !== "with") return { name: "none" };
  try {
    return { name: "begin", peerName: decodeURIComponent(rest) };
  } catch {
    return { name: "none" };
  }
}
