/** A line of input in a chat: a text to send, or a command. */
export type ChatInput =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "help" | "quit" | "who" }
  | { readonly kind: "unknown"; readonly error: string };

export const HELP: readonly string[] = [
  "/who    who is in this chat, and who is online",
  "/quit   leave; queued messages are sent the next time",
  "/help   these lines",
  "//text  send a text that begins with a slash",
];

/** Parses a line of input. Two slashes at its beginning stand for a text that begins with one. */
export function parseInput(typed: string): ChatInput {
  if (typed.startsWith("//")) return { kind: "text", text: typed.slice(1) };
  if (!typed.startsWith("/")) return { kind: "text", text: typed };
  switch (typed.trimEnd()) {
    case "/help":
      return { kind: "help" };
    case "/quit":
      return { kind: "quit" };
    case "/who":
      return { kind: "who" };
  }
  const [line = ""] = typed.split("\n", 1);
  return {
    kind: "unknown",
    error: `not sent: there is no command ${line}. /help lists them; write /${line} to send it`,
  };
}

/** Formats the members of a chat and their presence. */
export function membersOf(
  ownName: string,
  peerName: string,
  isPeerOnline: boolean | undefined,
): string {
  const presence =
    isPeerOnline === undefined ? "unknown whether online" : isPeerOnline ? "online" : "offline";
  return `${ownName} (you), ${peerName} (${presence})`;
}
