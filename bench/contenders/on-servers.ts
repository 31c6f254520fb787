import { everywhere } from "./everywhere.js";
import { fastJwt } from "./fast-jwt.js";
import { iron } from "./iron.js";
import { jsonwebtoken } from "./jsonwebtoken.js";
import { raw } from "./raw.js";

/** All contenders on servers. The first is the minimum, to which the others are compared. */
export const onServers = [raw, ...everywhere, fastJwt, jsonwebtoken, iron];
