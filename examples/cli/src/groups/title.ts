import { defineContent } from "lacre";
import type { Client, ReadMessage } from "lacre/client";
import type { MlsChats, MlsMessage } from "lacre/client/mls";
import type { NewContent } from "lacre/e2e";
import * as z from "zod/mini";

/** Maximum number of UTF-16 code units in the name of a group. */
const MAX_TITLE = 100;

/** The name of a group, which its members send each other. The server does not know it. */
export const Title = defineContent(
  "title",
  z.object({ title: z.string().check(z.minLength(1), z.maxLength(MAX_TITLE)) }),
  { fallback: ({ title }) => `The group's name is ${title}` },
);

export type Groups = MlsChats<typeof Title>;
export type GroupContent = NewContent<typeof Title>;
export type GroupClient = Client<GroupContent, MlsMessage<typeof Title>>;
export type GroupMessage = ReadMessage<MlsMessage<typeof Title>>;

/** Whether a text can be the name of a group. A name with `#` would look like an id. */
export function isTitle(text: string): boolean {
  return Title.schema.safeParse({ title: text }).success && !text.startsWith("#");
}
