export { type GroupLine, type GroupMessage, groupLine } from "./group-lines.js";
export { GroupTitle, MAX_TITLE_LENGTH } from "./group-title.js";
export { type GroupState, Groups } from "./groups.js";
export {
  NO_TITLE,
  needsTitle,
  titleAfter,
  titleDelay,
  titleToSend,
  withoutRepeatedTitles,
} from "./known-title.js";
