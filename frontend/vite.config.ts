/// <reference types="vitest/config" />
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const COMPRESSED = /\.(js|css|html|svg|webmanifest)$/;
const WORTHWHILE_BYTES = 1024;

const WORKER = "sw.js";
/** What the entry refers to, beside what the bundler knows of. */
const PUBLIC = ["theme.js", "favicon.svg", "manifest.webmanifest", "icon-192.png"];

/** Tells the service worker what the page consists of: its entry and every page, not what pages load when needed. */
function shell(): Plugin {
  let folder = "";
  let files: string[] = [];
  return {
    name: "shell",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    generateBundle(_, bundle) {
      const found = new Set<string>();
      const add = (name: string, ways: "imports" | "pages"): void => {
        const chunk = bundle[name];
        if (found.has(name) || chunk?.type !== "chunk") return;
        found.add(name);
        for (const style of chunk.viteMetadata?.importedCss ?? []) found.add(style);
        for (const next of chunk.imports) add(next, ways);
        if (ways === "pages") for (const page of chunk.dynamicImports) add(page, "imports");
      };
      for (const file of Object.values(bundle))
        if (file.type === "chunk" && file.name === "page") add(file.fileName, "pages");
      files = [...found].sort();
    },
    closeBundle() {
      // A chunk of nothing but styles is not written.
      const all = ["", ...PUBLIC, ...files.filter((name) => existsSync(join(folder, name)))];
      const path = join(folder, WORKER);
      const code = readFileSync(path, "utf8");
      const version = createHash("sha256").update(code);
      for (const name of all) version.update(`${name}\0`).update(readFileSync(join(folder, name || "index.html")));
      const addresses = JSON.stringify(all.map((name) => `/${name}`));
      const digest = JSON.stringify(version.digest("hex").slice(0, 16));
      writeFileSync(path, code.replaceAll("__SHELL__", addresses).replaceAll("__VERSION__", digest));
    },
  };
}

/** Writes name.br and name.gz beside each text file, so that the server never compresses. */
function compress(): Plugin {
  let folder = "";
  return {
    name: "compress",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        const path = join(folder, name);
        if (!COMPRESSED.test(name) || statSync(path).size < WORTHWHILE_BYTES) continue;
        const content = readFileSync(path);
        writeFileSync(`${path}.br`, brotliCompressSync(content));
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: "/",
  plugins: [react(), shell(), compress()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2022",
    // Content would be inlined as data: URLs, which the content security policy refuses for scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Mermaid and its layouts, loaded with the first diagram. What every page loads has a test of its own.
    chunkSizeWarningLimit: 700,
    rollupOptions: {
      input: { page: "index.html", diagram: "diagram.html", sw: "src/worker/service-worker.ts" },
      // The service worker's address never changes: browsers ask there for the next version.
      output: { entryFileNames: ({ name }) => (name === "sw" ? WORKER : "assets/[name]-[hash].js") },
    },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
  test: {
    environment: "jsdom",
    maxWorkers: "100%",
    include: ["src/**/*.test.{ts,tsx}"],
    testTimeout: 60_000,
    reporters: ["dot"],
    // jsdom does not know the element <search>, of which React then warns.
    onConsoleLog: (text) => !text.includes("The tag <search> is unrecognized"),
    restoreMocks: true,
    unstubGlobals: true,
  },
});
