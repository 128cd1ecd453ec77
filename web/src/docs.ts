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
