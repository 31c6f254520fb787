// Written by `npm run vectors`.
import type { Vectors, InvalidChatKey, InvalidEncryption, Padding, ValidChatKey, ValidEncryption } from "lacre/testing";

declare const vectors: Vectors<ValidEncryption, InvalidEncryption> & { readonly keys: Vectors<ValidChatKey, InvalidChatKey>; readonly padding: readonly Padding[]; readonly image: Vectors<ValidEncryption, InvalidEncryption> };
export default vectors;
