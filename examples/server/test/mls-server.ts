import type { KeyPackageCount, MlsServer } from "lacre/client/mls";
import { base64 } from "./device-account.js";
import { bodyOf } from "./mls-member.js";
import { jsonOf, type TestUser } from "./support.js";

type Answer = Awaited<ReturnType<TestUser["get"]>>;

const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, "base64"));

/** A rejection of the server. */
class RejectionError extends Error {
  readonly status: number;
  readonly code: string;

  constructor({ status, body }: Answer) {
    super(`${status} ${JSON.stringify(body)}`);
    this.status = status;
    this.code = body?.error_code;
  }
}

/** The endpoints for MLS chats, in the session of a test user. `fails` makes a request fail: before it is sent, or after it. */
export function mlsServerOf(
  user: TestUser,
  fails: (request: string) => "before" | "after" | undefined = () => undefined,
): MlsServer {
  const ask = async (method: "get" | "post" | "put" | "delete", path: string, body?: unknown) => {
    const fate = fails(`${method} ${path}`);
    if (fate === "before") throw new Error("the network is down");
    const answer = await user[method](path, body);
    if (fate === "after") throw new Error("the network is down");
    if (answer.status >= 400) throw new RejectionError(answer);
    return answer.body;
  };
  const counts = async (asked: Promise<{ suites: KeyPackageCount[] }>) => (await asked).suites;
  return {
    async entries(userId, after) {
      const found: Uint8Array[] = [];
      for (;;) {
        const path = `/users/${userId}/devices?after=${after + found.length}`;
        const { entries, has_more } = await ask("get", path);
        found.push(...entries.map(fromBase64));
        if (!has_more) return found;
      }
    },
    addEntry: async (entry, password) =>
      void (await ask("post", "/devices", { entry: base64(entry), password })),
    async leaveAcceptance(device, acceptance) {
      await ask("put", `/devices/${device}/acceptance`, { acceptance: base64(acceptance) });
    },
    acceptance: async (device) =>
      fromBase64((await ask("get", `/devices/${device}/acceptance`)).acceptance),
    publish: (device, keyPackages, lastResort) =>
      counts(
        ask("post", `/devices/${device}/key-packages`, {
          key_packages: keyPackages.map(base64),
          last_resort: lastResort.map(base64),
        }),
      ),
    countKeyPackages: (device) => counts(ask("get", `/devices/${device}/key-packages`)),
    async claim(chatId, user_ids, suite) {
      const path = `/chats/${chatId}/key-packages/claim`;
      const { devices } = await ask("post", path, { user_ids, suite });
      return devices.flatMap((one: { key_package?: string }) =>
        one.key_package === undefined ? [] : fromBase64(one.key_package),
      );
    },
    async commit(request) {
      await ask("post", `/chats/${request.message.chat_id}/commits`, bodyOf(request));
    },
    send: async (message) =>
      void (await ask("post", `/chats/${message.chat_id}/messages`, jsonOf(message))),
    groupInfo: async (chatId) =>
      fromBase64((await ask("get", `/chats/${chatId}/group-info`)).group_info),
    async nextInvitation(device, after) {
      const path = `/invitations?device=${device}&after=${after}`;
      const [invitation] = (await ask("get", path)).invitations;
      return invitation && { ...invitation, content: fromBase64(invitation.content) };
    },
    deleteInvitation: async (id) => void (await ask("delete", `/invitations/${id}`)),
    async chats() {
      const { chats } = await ask("get", "/chats?mls=1");
      const joined = chats.filter((chat: { encryption_type: string; epoch?: number }) => {
        return chat.encryption_type === "MLS" && chat.epoch! > 0;
      });
      return joined.map(({ chat_id }: { chat_id: number }) => chat_id);
    },
  };
}
