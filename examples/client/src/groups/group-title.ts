import { defineContent } from "lacre";
import * as z from "zod/mini";

/** Maximum length of a group's name in characters. */
export const MAX_TITLE_LENGTH = 100;

/** The name of a group, which is a message like any other: the server does not see it. The last one counts. */
export const GroupTitle = defineContent(
  "title",
  z.object({ title: z.string().check(z.minLength(1), z.maxLength(MAX_TITLE_LENGTH)) }),
  { fallback: ({ title }) => `The name of this group is ${title}` },
);
