import type * as z from "zod/mini";
import type { Parameter } from "./parameters.js";

/** Description of one operation of the API. The routes implement it. */
export interface Operation {
  readonly method: "get" | "post" | "patch" | "put" | "delete";
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly tag: "identity" | "users" | "chats" | "messages" | "devices" | "operation";
  readonly isPublic?: true;
  readonly parameters?: readonly Parameter[];
  readonly body?: z.ZodMiniType;
  /** Successful answers by status: the schema of a JSON body, the media type of another body, or undefined without a body. */
  readonly answers: Readonly<Record<number, z.ZodMiniType | string | undefined>>;
  /** Additional statuses with an ErrorResponse. */
  readonly rejections?: readonly number[];
  /** Whether request and answer may also be frames. */
  readonly hasFrames?: true;
}
