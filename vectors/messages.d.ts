// Written by `npm run vectors`.
import type { Vectors, ValidMessage, InvalidMessage } from "lacre/testing";

declare const vectors: Vectors<ValidMessage, InvalidMessage> & { readonly tolerated: readonly ValidMessage[] };
export default vectors;
