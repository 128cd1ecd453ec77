// Pages from a folder instead of those that are built into the octi under test, with the headers that octi itself sends.
import { existsSync, readFileSync } from "node:fs";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

const VIEWER = "/api/docs";

/** Answers every address of this context that is not the API's from the folder; the viewer of the API is one of the pages. */
export async function servePages(context, folder, url) {
  const { headers } = await fetch(`${url}/`);
  const policy = headers.get("content-security-policy");
  await context.route(
    (address) =>
      address.origin === url &&
      (address.pathname === VIEWER || !/^\/(api|gateway|v1)(\/|$)/.test(address.pathname)),
    (route) => {
      const { pathname } = new URL(route.request().url());
      const wanted = join(folder, normalize(pathname));
      const page = pathname === VIEWER ? "docs.html" : "index.html";
      const file = extname(wanted) !== "" && existsSync(wanted) ? wanted : join(folder, page);
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
