// Generates openapi.yaml: npm run openapi -w examples/server
import { writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { openApiDocument } from "../src/http/openapi.js";

writeFileSync(
  new URL("../openapi.yaml", import.meta.url),
  stringify(openApiDocument(), { lineWidth: 120, aliasDuplicateObjects: false }),
);
