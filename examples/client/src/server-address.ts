/**
 * Normalizes a server's base URL: without a trailing slash, such as `https://chat.example` or `https://example.org/lacre`.
 * Returns undefined if the text is not such a URL, or contains a user, a query or a fragment.
 */
export function readServerAddress(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const { origin, pathname } = url;
  if (url.href !== origin + pathname) return undefined;
  return origin + pathname.replace(/\/+$/, "");
}
