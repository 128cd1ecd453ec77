import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./app.css";
import { whenSignedOut } from "./api/client";
import { queryClient, sessionQuery } from "./api/queries";
import { showTheme } from "./lib/theme";
import { router } from "./router";

showTheme();
whenSignedOut(() => queryClient.setQueryData(sessionQuery.queryKey, null));

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
