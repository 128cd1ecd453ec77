// The viewer of the OpenAPI document at /api/docs: a page of its own, so that nobody loads it who does not open it.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";
import "./docs.css";

/** Changes that the signed-in browser sends need its token, as on every other page. */
async function withCsrfToken(request: ViewerRequest): Promise<ViewerRequest> {
  const changes = request.method !== undefined && request.method.toUpperCase() !== "GET";
  if (!changes || new URL(request.url, location.origin).origin !== location.origin) return request;
  const session = await fetch("/api/auth/session");
  if (session.ok)
    request.headers["X-Octi-Csrf"] = ((await session.json()) as { csrfToken: string }).csrfToken;
  return request;
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", dress);
dress();

/** A path is in the button that opens its operation; a link inside a button is one thing too many for a key or a finger. */
const plainPaths = {
  wrapComponents: {
    DeepLink:
      (_link: unknown, { React }: ViewerSystem) =>
      ({ text }: { text: unknown }) =>
        React.createElement("span", null, text),
  },
};

/** What is chosen or written for a parameter stands beside its name, and only in a table: who does not see it is told too. */
function nameFields(): void {
  for (const row of document.querySelectorAll<HTMLElement>("tr[data-param-name]")) {
    for (const field of row.querySelectorAll("select, input, textarea"))
      if (!field.hasAttribute("aria-label")) field.setAttribute("aria-label", row.dataset.paramName ?? "");
  }
}
new MutationObserver(nameFields).observe(document.body, { childList: true, subtree: true });

SwaggerUI({
  url: "/api/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  tagsSorter: "alpha",
  displayRequestDuration: true,
  // No other server is asked whether the document is valid.
  validatorUrl: null,
  requestInterceptor: withCsrfToken,
  plugins: [plainPaths],
});
