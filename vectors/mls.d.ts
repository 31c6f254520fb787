// Written by `npm run vectors`.
import type { MlsVectors } from "lacre/testing";

declare const vectors: MlsVectors;
export default vectors;
