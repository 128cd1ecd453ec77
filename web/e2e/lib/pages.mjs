// Pages from a folder instead of those that are built into the octi under test, with the headers that octi itself sends.
import { existsSync, readFileSync } from "node:fs";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Answers every address of this context that is not the API's from the folder. */
export async function servePages(context, folder, url) {
  const { headers } = await fetch(`${url}/`);
  const policy = headers.get("content-security-policy");
  await context.route(
    (address) => address.origin === url && !/^\/(api|gateway|v1)(\/|$)/.test(address.pathname),
    (route) => {
      const wanted = join(folder, normalize(new URL(route.request().url()).pathname));
      const file = extname(wanted) !== "" && existsSync(wanted) ? wanted : join(folder, "index.html");
      return route.fulfill({
        body: readFileSync(file),
        headers: {
          "content-type": TYPES[extname(file)] ?? "application/octet-stream",
          ...(policy && { "content-security-policy": policy }),
        },
      });
    },
  );
}
