// What an attacker with a stolen state of a device, and all messages, can decrypt.
import { type ClientState, encodeGroupState } from "ts-mls/clientState.js";
import { decodeChatState } from "../../src/mls/chat-state.js";
import { Group } from "../../src/mls/engine.js";
import { acceptAll } from "./mls.js";
import { stateOf } from "./mls-hostile.js";

type SecretTree = ClientState["secretTree"];
type Ratchet = SecretTree[number]["application"];

/** Generations of a ratchet up to which the attacker tries each secret. */
const GENERATIONS = 6;

/** Returns the groups in the stored state of an MlsChat: that of its epoch, and that after its pending commit. */
export async function groupsIn(state: Uint8Array): Promise<Group[]> {
  const { group, pending } = await decodeChatState(state);
  return pending?.group === undefined ? [group] : [group, pending.group];
}

/** Returns what a group decrypts from a message without any rule, or undefined. */
export async function decryptWith(
  group: Group,
  message: Uint8Array,
): Promise<Uint8Array | undefined> {
  try {
    const { received } = await group.receive(message, acceptAll);
    return received.kind === "application" ? received.data : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Returns groups with the secrets of a state, as an attacker would try them: each secret of a ratchet as that of each generation and of
 * each sender.
 */
export async function rewound(group: Group): Promise<Group[]> {
  const state = stateOf(group);
  const trees = [state, ...state.historicalReceiverData.values()].map((one) => one.secretTree);
  const secrets = new Map(trees.flatMap(secretsIn).map((one) => [one.join(), one]));
  const variants = [...secrets.values()].flatMap(ratchetsFrom);
  return Promise.all(
    variants.map((ratchet) => Group.import(exported(withRatchet(state, ratchet)))),
  );
}

function secretsIn(tree: SecretTree): Uint8Array[] {
  return tree.flatMap(({ application, handshake }) =>
    [application, handshake].flatMap(({ secret, unusedGenerations }) => [
      ...(secret.length > 0 ? [secret] : []),
      ...Object.values(unusedGenerations),
    ]),
  );
}

function ratchetsFrom(secret: Uint8Array): Ratchet[] {
  const generations = Array.from({ length: GENERATIONS }, (_, generation) => generation);
  return [
    ...generations.map((generation) => ({ secret, generation, unusedGenerations: {} })),
    {
      secret,
      generation: GENERATIONS,
      unusedGenerations: Object.fromEntries(generations.map((one) => [one, secret])),
    },
  ];
}

function withRatchet(state: ClientState, application: Ratchet): ClientState {
  const changed = (tree: SecretTree): SecretTree =>
    tree.map((node, at) => (at % 2 === 0 ? { ...node, application } : node));
  const past = [...state.historicalReceiverData].map(
    ([epoch, data]) => [epoch, { ...data, secretTree: changed(data.secretTree) }] as const,
  );
  const { secretTree } = state;
  return { ...state, secretTree: changed(secretTree), historicalReceiverData: new Map(past) };
}

function exported(state: ClientState): Uint8Array {
  return Uint8Array.of(1, ...encodeGroupState(state));
}

/** Follows the commits among some messages without any rule, and returns what a stolen group decrypts of the others. */
export async function decryptAll(
  stolen: Group,
  messages: readonly { readonly content: Uint8Array; readonly content_type?: string | undefined }[],
): Promise<Uint8Array[]> {
  let group = stolen;
  const found = [];
  for (const { content, content_type } of messages) {
    if (content_type !== undefined) {
      group = await follow(group, content);
      continue;
    }
    const data = await decryptWith(group, content);
    if (data !== undefined) found.push(data);
  }
  return found;
}

/** Returns the group after a commit, or the same group if it cannot follow. */
export async function follow(group: Group, commit: Uint8Array): Promise<Group> {
  try {
    const { group: next, received } = await group.receive(commit, acceptAll);
    return received.kind === "removed" ? group : next;
  } catch {
    return group;
  }
}

/** Returns all secrets of a group: of its ratchets, its key schedule and its path. */
export function secretsOf(group: Group): Uint8Array[] {
  const { secretTree, historicalReceiverData, keySchedule, privatePath } = stateOf(group);
  const past = [...historicalReceiverData.values()];
  return [
    ...secretsIn(secretTree),
    ...past.flatMap((one) => secretsIn(one.secretTree)),
    ...past.flatMap((one) => [one.senderDataSecret, one.resumptionPsk]),
    ...Object.values(keySchedule),
    ...Object.values(privatePath.privateKeys),
  ];
}
