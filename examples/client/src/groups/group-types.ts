import type { Client, ReadMessage } from "lacre/client";
import type { MlsChats, MlsMessage } from "lacre/client/mls";
import type { NewContent } from "lacre/e2e";
import type { GroupTitle } from "./group-title.js";

export type GroupChats = MlsChats<typeof GroupTitle>;
export type GroupContent = NewContent<typeof GroupTitle>;
/** A message of a group, as clients get it. */
export type GroupMessage = ReadMessage<MlsMessage<typeof GroupTitle>>;
export type GroupClient = Client<GroupContent, MlsMessage<typeof GroupTitle>>;
