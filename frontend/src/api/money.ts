/** Exact sums of money: USD as the API writes it, a decimal string of up to 12 digits, counted in pico-dollars. */
const DIGITS = 12;

export function toPico(usd: string): bigint {
  const [whole = "", fraction = ""] = usd.replace("-", "").split(".");
  const pico = BigInt(whole + fraction.slice(0, DIGITS).padEnd(DIGITS, "0"));
  return usd.startsWith("-") ? -pico : pico;
}

export function toUsd(pico: bigint): string {
  const text = (pico < 0n ? -pico : pico).toString().padStart(DIGITS + 1, "0");
  const fraction = text.slice(-DIGITS).replace(/0+$/, "");
  return `${pico < 0n ? "-" : ""}${text.slice(0, -DIGITS)}${fraction && `.${fraction}`}`;
}
