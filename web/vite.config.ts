import { fileURLToPath, URL } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import manifest from "./package.json" with { type: "json" };

// During development the pages come from Vite and everything else from a running host.
const host = process.env.OCTI_URL ?? "http://127.0.0.1:3005";

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": file("./src") } },
  define: { __OCTI_WEB_VERSION__: JSON.stringify(manifest.version) },
  server: {
    proxy: {
      "/api": host,
      "/gateway": { target: host, ws: true },
    },
  },
  build: {
    target: "es2024",
    chunkSizeWarningLimit: 1600,
    // The viewer of the API is a page of its own.
    rollupOptions: { input: { index: file("./index.html"), docs: file("./docs.html") } },
  },
});
