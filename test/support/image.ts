import * as z from "zod/mini";
import { bytes, defineContent, id } from "../../src/index.js";
import { count, text } from "../../src/messages/fields.js";

/** The content kind of the vectors, which an application defines. */
export const Image = defineContent(
  "image",
  z.object({
    file_id: id(),
    width: count(),
    preview: z.optional(bytes({ min: 1, max: 32 })),
    alt: z.optional(text(1, 100)),
  }),
  { fallback: ({ alt }) => alt ?? "An image" },
);
