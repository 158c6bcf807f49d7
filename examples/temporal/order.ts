import { deps, parallel, pipeline, sleep, step, waitFor } from "@runsheet/runsheet";

/** The services of the steps. They live in the worker's process, outside the workflow. */
export interface Shop {
  /** Makes an effect under a key. */
  make(effect: string, key: string): void;
  /** Charges a card, or throws. */
  charge(card: string, attempt: number): string;
}

interface Order {
  sku: string;
  card: string;
  shop: Shop;
}

const reserve = step({
  name: "reserve",
  run({ sku, shop }: Order, { key }) {
    shop.make("reserve", key);
    return { reservation: `one ${sku}` };
  },
  rollback: ({ shop }, _output, { key }) => shop.make("release", key),
});

const pack = step({
  name: "pack",
  run: ({ shop }: Order, { key, defer }) => {
    shop.make("pack", key);
    defer("unpack", { box: 1 });
    return { packedAt: new Date(0) };
  },
  undos: { unpack: ({ shop }, { box }: { box: number }) => shop.make("unpack", `box ${box}`) },
});

const invoice = step({
  name: "invoice",
  run({ shop }: Order, { key }) {
    shop.make("invoice", key);
  },
});

const charge = step({
  name: "charge",
  retry: { count: 2, delay: 1000, retryIf: (errors) => !(errors.at(-1) instanceof RangeError) },
  run({ card, shop }: Order, { key, attempt }) {
    shop.make("charge", key);
    return { payment: shop.charge(card, attempt) };
  },
  rollback: ({ shop }, { payment }) => shop.make("refund", payment),
});

const ship = step({
  name: "ship",
  run({ shop, packedAt }: { shop: Shop; packedAt: Date }, { key }) {
    shop.make(`ship what was packed in ${packedAt.getUTCFullYear()}`, key);
  },
});

export const order = pipeline({
  name: "order",
  deps: deps<{ shop: Shop }>(),
  steps: [
    reserve,
    parallel(pack, invoice),
    charge,
    waitFor("approval", { timeout: 86_400_000 }),
    sleep("coolDown", 3_600_000),
    ship,
  ],
});
