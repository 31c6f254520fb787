import { everywhere } from "./everywhere.js";
import { fastJwt } from "./fast-jwt.js";
import { iron } from "./iron.js";
import { jsonwebtoken } from "./jsonwebtoken.js";
import { raw } from "./raw.js";

/** All contenders on servers: those that need node:crypto come last, and the lower bound comes first. */
export const onServers = [raw, ...everywhere, fastJwt, jsonwebtoken, iron];
