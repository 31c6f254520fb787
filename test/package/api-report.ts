import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import { root } from "../support/installed.js";

/** The package's entries by the name of their report, which is checked in. */
export const entries = {
  lacre: "index",
  "lacre-e2e": "e2e/index",
  "lacre-mls": "mls/index",
  "lacre-session": "session/index",
  "lacre-client": "client/index",
  "lacre-client-indexeddb": "client/indexeddb/index",
  "lacre-client-mls": "client/mls/index",
  "lacre-client-node": "client/node/index",
  "lacre-server": "server/index",
  "lacre-testing": "testing/index",
  "lacre-testing-generators": "testing/generators/index",
} as const;

/** Returns whether the report in docs/api/ matches the build in dist/. With `write`, writes the report first. */
export function reportOf(name: keyof typeof entries, { write = false } = {}): boolean {
  const reportTempFolder = join(root, "node_modules/.cache/api");
  mkdirSync(reportTempFolder, { recursive: true });
  const { succeeded, apiReportChanged } = Extractor.invoke(
    ExtractorConfig.prepare({
      configObject: {
        projectFolder: root,
        mainEntryPointFilePath: join(root, `dist/${entries[name]}.d.ts`),
        compiler: { overrideTsconfig: { compilerOptions: OPTIONS, include: ["dist"] } },
        newlineKind: "lf",
        apiReport: {
          enabled: true,
          reportFileName: `${name}.api.md`,
          reportFolder: join(root, "docs/api"),
          reportTempFolder,
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        messages: { extractorMessageReporting: { default: { logLevel: QUIET } } },
      },
      configObjectFullPath: undefined,
      packageJsonFullPath: join(root, "package.json"),
    }),
    {
      localBuild: write,
      showVerboseMessages: false,
      messageCallback: (message) => {
        if (message.logLevel !== ExtractorLogLevel.Error) message.logLevel = QUIET;
      },
    },
  );
  return write ? existsSync(join(root, `docs/api/${name}.api.md`)) : succeeded && !apiReportChanged;
}

const QUIET = ExtractorLogLevel.None;
const OPTIONS = {
  target: "es2022",
  lib: ["es2023", "dom", "dom.iterable"],
  module: "nodenext",
  moduleResolution: "nodenext",
  strict: true,
  skipLibCheck: true,
  types: [],
};
