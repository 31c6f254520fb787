// Written by `npm run vectors`.
import type { Vectors, InvalidKey, SessionKeyVector, ValidKey } from "lacre/testing";

declare const vectors: Vectors<ValidKey, InvalidKey> & { readonly sessions: readonly SessionKeyVector[] };
export default vectors;
