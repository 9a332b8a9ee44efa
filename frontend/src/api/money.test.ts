import { expect, test } from "vitest";
import { toPico, toUsd } from "@/api/money";

test("money is added without rounding", () => {
  expect(toUsd(toPico("0.1") + toPico("0.2"))).toBe("0.3");
  expect(toUsd(toPico("123456789.000000000001") + toPico("0.000000000009"))).toBe("123456789.00000000001");
});

test.each(["0", "7", "0.000066375", "-1.5", "1000000"])("%s stays what it is", (usd) => {
  expect(toUsd(toPico(usd))).toBe(usd);
});
