import { Account, findChat, loginInMemory, signIn, storesInMemory } from "lacre-client";

export const PASSWORD = "correct horse";

/** Accepts a peer's chat request as `username`, on another device of that user. */
export async function acceptChat(server: string, username: string, peer: string): Promise<void> {
  const [login, stores] = [loginInMemory(), storesInMemory()];
  await signIn("login", server, { username, password: PASSWORD }, login, () => stores);
  const account = await Account.open(login, () => stores);
  const chat = await findChat(account, peer);
  if (chat?.request === "incoming") await account.api.changeContact(chat.chat_id, "accept");
  await account.logout();
}
