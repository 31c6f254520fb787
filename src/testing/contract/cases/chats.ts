import { safeParse } from "zod/mini";
import { ChatListResponse, ChatSummary } from "../../../messages/lists.js";
import { contractCase } from "../contract-case.js";
import { check, checkSame } from "../failure.js";
import { chatParameters, type Stage, type User } from "../stage.js";

const ENCRYPTION = "lacre/e2e/1";

async function created(
  stage: Stage,
  creator: User,
  peer: User,
  fields: object,
): Promise<ChatSummary> {
  const body = { peer_name: peer.name, encryption_type: ENCRYPTION, ...fields };
  return read(await stage.granted("POST", "/chats", 201, { token: creator.token, body }));
}

async function seenBy(stage: Stage, { token }: User, chatId: number): Promise<ChatSummary> {
  return read(await stage.granted("GET", `/chats/${chatId}`, 200, { token }));
}

function read({ body }: { readonly body: unknown }): ChatSummary {
  const result = safeParse(ChatSummary, body);
  check(result.success, "an entry of chat_list", body);
  return result.data;
}

function parametersOf({ salt, iterations, key_check }: ChatSummary): object {
  return { salt, iterations, key_check };
}

/** Chats and their parameters (section 12, H-7 to H-9, and E-2). */
export const chats = [
  contractCase(
    "H-7",
    "a chat is there for both, each with the other as the peer",
    async (stage) => {
      const [alice, bob] = [await stage.user(), await stage.user()];
      const { chat_id, ...chat } = await created(stage, alice, bob, chatParameters());
      checkSame("encryption_type", chat.encryption_type, ENCRYPTION);
      checkSame("last_seq", chat.last_seq, 0);
      for (const [one, other] of [
        [alice, bob],
        [bob, alice],
      ] as const) {
        const { token } = one;
        const { body } = await stage.granted("GET", "/chats", 200, { token });
        const list = ChatListResponse.safeParse(body);
        check(list.success, "the payload of chat_list", body);
        checkSame("total", list.value.total, 1);
        const [listed] = list.value.chats;
        checkSame("chat_id", listed?.chat_id, chat_id);
        checkSame("peer_id", listed?.peer_id, other.id);
        checkSame("peer_name", listed?.peer_name, other.name);
      }
    },
  ),
  contractCase("H-7", "two have one chat", async (stage) => {
    const { alice, bob } = await stage.pair();
    for (const [one, other] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const body = { peer_name: other.name, encryption_type: ENCRYPTION };
      await stage.refused("POST", "/chats", 409, { token: one.token, body });
    }
  }),
  contractCase("H-7", "a chat is with somebody else, who is there", async (stage) => {
    const { name, token } = await stage.user();
    const nobody = { peer_name: stage.username(), encryption_type: ENCRYPTION };
    await stage.refused("POST", "/chats", 404, { token, body: nobody });
    const self = { peer_name: name, encryption_type: ENCRYPTION };
    await stage.refused("POST", "/chats", 422, { token, body: self });
  }),
  contractCase("H-7", "parameters that no client takes are refused", async (stage) => {
    const [alice, bob] = [await stage.user(), await stage.user()];
    const sound = chatParameters();
    const misfits = [
      { ...sound, salt: new Uint8Array(15) },
      { ...sound, salt: new Uint8Array(65) },
      { ...sound, iterations: 99_999 },
      { ...sound, iterations: 2_000_001 },
      { ...sound, key_check: new Uint8Array(15) },
      { salt: sound.salt, iterations: sound.iterations },
    ];
    for (const misfit of misfits) {
      const body = { peer_name: bob.name, encryption_type: ENCRYPTION, ...misfit };
      const asked = { token: alice.token, body };
      checkSame("error_code", await stage.refused("POST", "/chats", 422, asked), "ERR_VALIDATION");
    }
  }),
  contractCase("E-2", "both members get the parameters that the creator gave", async (stage) => {
    const [alice, bob] = [await stage.user(), await stage.user()];
    const parameters = chatParameters();
    const { chat_id } = await created(stage, alice, bob, parameters);
    for (const member of [alice, bob]) {
      const seen = parametersOf(await seenBy(stage, member, chat_id));
      checkSame("the parameters", seen, parameters);
    }
  }),
  contractCase("E-2", "parameters are set once", async (stage) => {
    const [alice, bob] = [await stage.user(), await stage.user()];
    const parameters = chatParameters();
    const { chat_id } = await created(stage, alice, bob, {});
    const { token } = alice;
    const path = `/chats/${chat_id}/config`;
    await stage.granted("PATCH", path, 200, { token, body: parameters });
    for (const body of [chatParameters(), parameters]) {
      await stage.refused("PATCH", path, 409, { token, body });
    }
    checkSame("the parameters", parametersOf(await seenBy(stage, bob, chat_id)), parameters);
  }),
  contractCase("E-2", "parameters are the creator's to set, and all together", async (stage) => {
    const [alice, bob] = [await stage.user(), await stage.user()];
    const { chat_id } = await created(stage, alice, bob, {});
    const path = `/chats/${chat_id}/config`;
    const { salt } = chatParameters();
    await stage.refused("PATCH", path, 403, { token: bob.token, body: chatParameters() });
    await stage.refused("PATCH", path, 422, { token: alice.token, body: { salt } });
    const seen = parametersOf(await seenBy(stage, alice, chat_id));
    checkSame("the parameters", seen, {});
  }),
];
