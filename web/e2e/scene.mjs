// What the pictures show: keys with a year of payments. The amounts come from a
// small generator with a seed, so that every run has the same.

let seed = 20_090_103;
function random() {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}

// ages are the moments of payments, in days ago, oldest first: months apart at
// first, hours apart in the end.
export const ages = [
  360, 330, 300, 270, 240, 210, 180, 150, 120, 100, 80, 65, 50, 40, 33, 28, 25, 22, 19, 17, 15, 13, 11, 9.5, 8.2, 6.7, 6.1, 5.6, 5, 4.4, 3.9, 3.3,
  2.8, 2.2, 1.7, 1.3, 0.95, 0.86, 0.74, 0.62, 0.5, 0.41, 0.29, 0.17, 0.08, 0.02,
];

// spending is payments between two ages, around a mean, at some of the moments.
function spending(since, mean, share = 1, until = 0) {
  const spends = {};
  for (const age of ages) if (age <= since && age >= until && random() < share) spends[age] = Math.round((mean * (0.4 + 1.2 * random())) / 10) * 10;
  return spends;
}

const medium = { day: 100_000, week: 300_000, month: 1_000_000 };

// The list shows the newest first.
export const keys = [
  { name: "Accounting (read only)", born: 360, limits: { day: 1_000 }, spends: {}, used: 1.3 },
  { name: "Old point of sale", born: 330, limits: medium, spends: { 300: 41_000, 270: 18_500 }, state: "Revoke" },
  { name: "Invoices", born: 300, limits: { day: 500_000, month: 5_000_000 }, spends: spending(300, 14_000, 0.5), used: 0.08 },
  { name: "Payouts", born: 240, limits: { day: 250_000, week: 1_000_000, month: 3_000_000, year: 20_000_000 }, spends: { ...spending(240, 55_000, 0.6, 1), 0.95: 90_000, 0.5: 96_000, 0.17: 64_000 }, used: 0.17 },
  { name: "Partner sandbox", born: 120, limits: {}, spends: spending(120, 900, 0.3), used: 2.8 },
  { name: "Shop checkout", born: 210, limits: { ...medium, year: 10_000_000 }, spends: spending(210, 7_400, 0.9), held: 8_000, used: 0.02 },
  { name: "Newsletter tips", born: 50, limits: { day: 10_000, week: 30_000, month: 100_000 }, spends: spending(50, 900, 0.8), used: 0.17 },
  { name: "Night batch", born: 28, limits: { day: 1_000_000, week: 3_000_000 }, spends: { 5: 610_000, 3.9: 330_000, 1.7: 84_000 }, state: "Pause", used: 1.7 },
];
