// The proof that nothing was lost: computes the totals of the file again from its text, without the
// CSV library, the pipeline or the database, and compares them with their results.
import type { Database } from "./database.ts";
import type { Imported } from "./importer.ts";

/** The imbalances, a sentence each. */
export function imbalances(csv: string, imported: Imported, db: Database): string[] {
  const bad = new Set(imported.lines.flatMap((line) => "error" in line ? [line.item.orderId] : []));
  const rows = csv.trim().split("\n").slice(1).map((row) => row.split(","));
  const paid = rows.filter(([, , , , status]) => status !== "cancelled");
  const good = paid.filter(([orderId = ""]) => !bad.has(orderId));
  const items = good.flatMap(([, , region, currency, , items = ""]) =>
    items.split(";").map((item) => ({ place: `${region} ${currency}`, item: item.split(":") }))
  );
  const expected = new Map<string, number>();
  for (const { place, item: [, quantity, price] } of items) {
    expected.set(place, (expected.get(place) ?? 0) + Number(quantity) * Number(price));
  }
  const found = byPlace(db.amounts());
  const totals = byPlace(imported.totals);
  return [
    ...differs("rows", rows.length, imported.rows.length),
    ...differs("orders", paid.length, imported.orders.length),
    ...differs("orders imported or rejected", paid.length, good.length + bad.size),
    ...differs("lines", items.length, db.counts().lines),
    ...[...new Set([...expected.keys(), ...found.keys(), ...totals.keys()])].flatMap((place) => [
      ...differs(`lines of ${place}`, expected.get(place) ?? 0, found.get(place) ?? 0),
      ...differs(`total of ${place}`, expected.get(place) ?? 0, totals.get(place) ?? 0),
    ]),
  ];
}

function byPlace(
  amounts: { region: string; currency: string; amount: number }[],
): Map<string, number> {
  return new Map(amounts.map(({ region, currency, amount }) => [`${region} ${currency}`, amount]));
}

function differs(what: string, expected: number, found: number): string[] {
  return expected === found ? [] : [`${what}: the file has ${expected}, the import ${found}`];
}
