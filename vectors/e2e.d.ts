// Written by `npm run vectors`.
import type { Vectors, InvalidBytes, InvalidChatKey, InvalidEncryption, InvalidKeptCheck, Padding, ValidBytes, ValidChatKey, ValidEncryption, ValidKeptCheck } from "lacre/testing";

declare const vectors: Vectors<ValidEncryption, InvalidEncryption> & { readonly keys: Vectors<ValidChatKey, InvalidChatKey>; readonly padding: readonly Padding[]; readonly image: Vectors<ValidEncryption, InvalidEncryption>; readonly bytes: Vectors<ValidBytes, InvalidBytes>; readonly kept_checks: Vectors<ValidKeptCheck, InvalidKeptCheck> };
export default vectors;
