import { assertEquals } from "@std/assert";
import type postgres from "postgres";

/**
 * Asserts by SQL that nothing is in progress in the shop of examples/service, and that its goods
 * and its money balance with what it had in stock and what the payment provider holds.
 */
export async function assertBalanced(
  db: postgres.Sql,
  stocked: Record<string, number>,
): Promise<void> {
  assertEquals(
    [...await db`select id from orders where status not in ('confirmed', 'cancelled')`],
    [],
  );
  // Goods: initial stock = remaining stock + sold goods.
  const stock = await db`
        select sku, stock + coalesce(sum(quantity) filter (where status = 'confirmed'), 0)::int as stock
          from products left join orders using (sku) group by products.sku order by products.sku`;
  assertEquals(Object.fromEntries(stock.map(({ sku, stock }) => [sku, stock])), stocked);
  // Money: the provider holds the prices of the orders, charge by charge.
  assertEquals([
    ...await db`
          select key, charge_key, amount, total
            from (select * from provider_charges where kept) as charges
            full join (select * from orders where status = 'confirmed') as sold
              on key = charge_key and amount = total
           where key is null or charge_key is null`,
  ], []);
}
