/** What a person typed into a chat. */
export type Typed =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "help" | "quit" | "who" }
  | { readonly kind: "unknown"; readonly error: string };

export const HELP: readonly string[] = [
  "/who    who is in this chat, and who is online",
  "/quit   leave; what waits is sent the next time",
  "/help   these lines",
  "//text  send a text that begins with a slash",
];

/** Tells a command from a text to send. */
export function readTyped(typed: string): Typed {
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

/** Who is in a chat. */
export function membersOf(
  ownName: string,
  peerName: string,
  isPeerOnline: boolean | undefined,
): string {
  const presence =
    isPeerOnline === undefined ? "not known whether online" : isPeerOnline ? "online" : "offline";
  return `${ownName} (you), ${peerName} (${presence})`;
}
