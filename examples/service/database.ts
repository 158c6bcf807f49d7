import postgres from "postgres";

export type Database = postgres.Sql;

// Whatever the code does, the database refuses to sell goods that are not in stock.
const tables = `
  create table if not exists products (
    sku text primary key,
    price integer not null check (price > 0),
    stock integer not null check (stock >= 0),
    added_by text -- the key of an import
  );
  create table if not exists orders (
    id uuid primary key,
    sku text not null references products,
    quantity integer not null check (quantity > 0),
    total integer not null check (total > 0),
    status text not null default 'reserved'
      check (status in ('reserved', 'unapproved', 'confirmed', 'cancelling', 'cancelled')),
    charge_key text unique
  );
  create table if not exists runs (
    run text,
    seq integer,
    row text not null,
    ended boolean not null,
    primary key (run, seq)
  );
  create index if not exists runs_ended on runs (run) where ended;
`;

/** Connects and creates missing tables. */
export async function openDatabase(url: string): Promise<Database> {
  const db = postgres(url, { max: 10, onnotice: () => {} });
  await db.unsafe(tables);
  return db;
}
