import { expect, test } from "vitest";
import { csv } from "@/components/csv";

test("commas, quotes and line ends are quoted", () => {
  expect(csv([["a,b", 'say "x"', "two\nlines", null, -1.5]])).toBe('"a,b","say ""x""","two\nlines",,-1.5\r\n');
});

test("a text is no formula in a spreadsheet, and a number stays one", () => {
  expect(csv([["=1+1", "@x", "-0.5"]])).toBe("'=1+1,'@x,-0.5\r\n");
});
