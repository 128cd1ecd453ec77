// What plugins ask the person now.
import { queryOptions } from "@tanstack/react-query";
import { api, ask } from "./client";

export const questionsQuery = queryOptions({
  queryKey: ["questions"],
  queryFn: () => ask(api.GET("/api/questions")),
});
