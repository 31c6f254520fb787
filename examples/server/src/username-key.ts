/** What a username is compared by: Ana, ana and ａｎａ are one name. */
export function usernameKey(username: string): string {
  return username.normalize("NFKC").toLowerCase();
}
