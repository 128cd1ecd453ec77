import { describe, expect, it } from "vitest";
import { asksOf } from "./asked";

describe("what a program asks for", () => {
  it("is read letter for letter", () => {
    expect(asksOf("?client_id=a&state=0.10&scope=mcp+mcp%3Aread&other=x")).toEqual({
      client_id: "a",
      state: "0.10",
      scope: "mcp mcp:read",
    });
    expect(asksOf("")).toEqual({ client_id: "" });
  });

  it("is nothing when a name stands there twice", () => {
    expect(asksOf("?client_id=a&redirect_uri=b&redirect_uri=c")).toEqual({ twice: "redirect_uri" });
  });
});
