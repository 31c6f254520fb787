export type { GroupLine } from "./group-lines.js";
export { MAX_TITLE_LENGTH } from "./group-title.js";
export { type GroupState, Groups } from "./groups.js";
