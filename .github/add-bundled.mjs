// Adds the packages that dist/mls/engine-library.js contains to a bill of materials (CycloneDX), which npm writes without them:
// node add-bundled.mjs lacre.cdx.json node_modules/lacre
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [, , bill, folder] = process.argv;
const code = readFileSync(join(folder, "dist/mls/engine-library.js"), "utf8");
const notices = [...code.matchAll(/^\/\*!\n(\S+) (\d\S*)\n\n(?:The )?(\S+) License/gm)];
if (notices.length === 0) throw new Error("no notices of bundled packages");
const content = JSON.parse(readFileSync(bill, "utf8"));
const lacre = content.components.find(({ name }) => name === "lacre");
for (const [, name, version, license] of notices) {
  const purl = `pkg:npm/${name}@${version}`;
  content.components.push({
    "bom-ref": `${name}@${version}`,
    type: "library",
    name,
    version,
    scope: "required",
    purl,
    licenses: [{ license: { id: license } }],
  });
  content.dependencies.push({ ref: `${name}@${version}`, dependsOn: [] });
  content.dependencies
    .find(({ ref }) => ref === lacre["bom-ref"])
    .dependsOn.push(`${name}@${version}`);
}
writeFileSync(bill, `${JSON.stringify(content, null, 2)}\n`);
