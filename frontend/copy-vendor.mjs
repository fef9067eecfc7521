// Copies what index.html names from node_modules/ into vendor/, the only place the server serves libraries from: each
// module of its import map, each style sheet with `data-from`. Run by `npm ci`; by hand: `node copy-vendor.mjs`.
import { copyFile, mkdir, readFile, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const page = await readFile(join(here, "index.html"), "utf8");
const { imports } = JSON.parse(page.match(/<script type="importmap">([\s\S]*?)<\/script>/)[1]);
const sheets = [...page.matchAll(/href="([^"]+)" data-from="([^"]+)"/g)].map(([, url, name]) => [name, url]);

// A folder beside it, then one rename: a page being served never meets half a copy.
const fresh = join(here, "vendor.new");
await rm(fresh, { recursive: true, force: true });
await mkdir(fresh);
for (const [name, url] of [...Object.entries(imports), ...sheets]) {
  await copyFile(fileURLToPath(import.meta.resolve(name)), join(fresh, basename(url)));
}
await rm(join(here, "vendor"), { recursive: true, force: true });
await rename(fresh, join(here, "vendor"));
