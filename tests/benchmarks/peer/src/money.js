// Money is counted in cents, rates in ten-thousandths: whole numbers, so that nothing is lost in between.

// PostgreSQL writes numeric(10,2) with exactly two decimals, and numeric(6,4) with four.
export const whole = (text) => Number(text.replace(".", ""));
export const amount = (cents) => (cents / 100).toFixed(2);

const RATE_UNIT = 10_000;

// Half up; amounts and rates are never negative.
const share = (product) => Math.floor((product + RATE_UNIT / 2) / RATE_UNIT);

export function bill(lines, { serviceRate, pricesIncludeTax }) {
  const total = lines.reduce((sum, line) => sum + line.total, 0);
  const service = share(total * serviceRate);
  const tax = pricesIncludeTax ? 0 : share(lines.reduce((sum, line) => sum + line.total * line.taxRate, 0));
  return { total, service, tax, final: total + service + tax };
}
