// What of the viewer is used; its package has no types.
interface ViewerRequest {
  url: string;
  method?: string;
  headers: Record<string, string>;
}

/** What the viewer gives to its plugins. */
interface ViewerSystem {
  React: { createElement: (type: string, props: null, child: unknown) => unknown };
}

declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  export default function SwaggerUI(options: {
    url: string;
    dom_id: string;
    deepLinking: boolean;
    docExpansion: "none" | "list" | "full";
    filter: boolean;
    tagsSorter: "alpha";
    displayRequestDuration: boolean;
    validatorUrl: null;
    requestInterceptor: (request: ViewerRequest) => Promise<ViewerRequest>;
    plugins: readonly {
      wrapComponents: Record<
        string,
        (original: unknown, system: ViewerSystem) => (props: { text: unknown }) => unknown
      >;
    }[];
  }): void;
}
