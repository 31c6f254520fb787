import type { Entrant } from "./contender.js";
import { coseKit } from "./cose-kit.js";
import { jose } from "./jose.js";
import { lacre } from "./lacre.js";
import { libsodium } from "./libsodium.js";
import { openpgp } from "./openpgp.js";
import { paseto } from "./paseto.js";
import { tweetnacl } from "./tweetnacl.js";

/** Contenders that also run in browsers, the library first. */
export const everywhere: readonly (() => Entrant | Promise<Entrant>)[] = [
  lacre,
  jose,
  coseKit,
  paseto,
  libsodium,
  tweetnacl,
  openpgp,
];
