/**
 * Returns a server's address in its one form: without a slash at its end, such as `https://chat.example` or
 * `https://example.org/lacre`. Undefined if the text is no such address, or has more in it: a user, a query or a fragment.
 */
export function readServerAddress(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const { origin, pathname } = url;
  if (url.href !== origin + pathname) return undefined;
  return origin + pathname.replace(/\/+$/, "");
}
