import { everywhere } from "./everywhere.js";
import { fastJwt } from "./fast-jwt.js";
import { iron } from "./iron.js";
import { jsonwebtoken } from "./jsonwebtoken.js";
import { raw } from "./raw.js";

/** Who needs node:crypto, after the others; the limit comes first. */
export const onServers = [raw, ...everywhere, fastJwt, jsonwebtoken, iron];
