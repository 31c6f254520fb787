import { compress } from "hono/compress";

/**
 * Compresses answers of at least 1 KiB. Use only for answers without secrets: if a secret is next to text that an attacker
 * chose, the compressed size reveals it (BREACH). Never use it for tokens, session keys or lists of chats, which contain the
 * names of a user's contacts.
 */
export const compressed = compress({
  encoding: "gzip",
  threshold: 1024,
  contentTypeFilter: /^(application\/json|text\/plain)\b/,
});
