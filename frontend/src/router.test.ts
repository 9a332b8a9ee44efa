import { afterEach, expect, test } from "vitest";
import { currentPath, currentQuery, href, match, navigate } from "@/router";

afterEach(() => history.replaceState(null, "", "/"));

test("a path fits its pattern with its parameters", () => {
  expect(match("/c/:id", "/c/conv_1")).toEqual({ id: "conv_1" });
  expect(match("/c/:id", "/c/")).toBeNull();
  expect(match("/c/:id", "/c/a/b")).toBeNull();
  expect(match("/", "/")).toEqual({});
  expect(match("/c/:id", "/c/%E0%A4%A")).toEqual({ id: "%E0%A4%A" });
});

test("going somewhere changes the path, and going back restores it", () => {
  navigate("/c/conv_1");
  expect(currentPath()).toBe("/c/conv_1");
  navigate("/sign-in?next=%2Fc%2Fconv_1", { replace: true });
  expect(currentPath()).toBe("/sign-in");
  expect(currentQuery().get("next")).toBe("/c/conv_1");
});

test("links of mails are paths", () => {
  history.replaceState(null, "", "/#/reset-password/abc");
  expect(currentPath()).toBe("/reset-password/abc");
});

test("administrators' paths live behind /admin", () => {
  expect(href("/admin/users")).toBe("/admin#/users");
  history.replaceState(null, "", "/admin#/users");
  expect(currentPath()).toBe("/admin/users");
  history.replaceState(null, "", "/admin");
  expect(currentPath()).toBe("/admin");
});
