#!/usr/bin/env node
import { existsSync } from "node:fs";

// A checkout has the bundler, and bundles again after a source has changed. The npm package has only the bundle.
const bundler = new URL("../tools/bundle.js", import.meta.url);
if (existsSync(bundler)) await (await import(bundler.href)).bundleIfStale();
await import("../dist/main.js");
