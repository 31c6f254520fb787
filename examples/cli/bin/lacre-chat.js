#!/usr/bin/env node
import { existsSync } from "node:fs";

// In a checkout the bundle is made again after a source has changed; the package has the bundle alone.
const bundler = new URL("../tools/bundle.js", import.meta.url);
if (existsSync(bundler)) await (await import(bundler.href)).bundleIfStale();
await import("../dist/main.js");
