import type { Client } from "lacre/client";
import type { MlsChats, MlsMessage } from "lacre/client/mls";
import type { NewContent } from "lacre/e2e";
import { GroupTitle } from "lacre-client/groups";

export type { GroupMessage } from "lacre-client/groups";
export type Groups = MlsChats<typeof GroupTitle>;
export type GroupContent = NewContent<typeof GroupTitle>;
export type GroupClient = Client<GroupContent, MlsMessage<typeof GroupTitle>>;

/** Whether a text can be the name of a group. A name with `#` would look like an id. */
export function isTitle(text: string): boolean {
  return GroupTitle.schema.safeParse({ title: text }).success && !text.startsWith("#");
}
