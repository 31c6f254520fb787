export { acceptDevices } from "./accept-devices.js";
export { type GroupLine, groupLine } from "./group-lines.js";
export { GroupTitle, MAX_TITLE_LENGTH } from "./group-title.js";
export type { GroupChats, GroupClient, GroupContent, GroupMessage } from "./group-types.js";
export { type GroupState, Groups, type GroupsOptions } from "./groups.js";
export {
  NO_TITLE,
  needsTitle,
  titleAfter,
  titleDelay,
  titleToSend,
  withoutRepeatedTitles,
} from "./known-title.js";
export { restoreHistory } from "./restore-history.js";
export { addNames, nameIn } from "./user-names.js";
