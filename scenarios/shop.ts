import { DataPipeline, type FlowOrchestrator, ReactiveStream } from "../src/flows.ts";
import type { FlowItem, FlowLab } from "../src/index.ts";

/** Money in cents, weights in grams. */
interface Product {
  readonly sku: string;
  readonly name: string;
  readonly cents: number;
  readonly grams: number;
  stock: number;
}

interface Order {
  readonly item: FlowItem;
  readonly sku: string;
  readonly quantity: number;
  readonly country: "AT" | "DE" | "CH";
}

interface StockChange {
  readonly sku: string;
  readonly left: number;
}

const PRODUCTS = 200;
const RESTOCK_BELOW = 20;
const RESTOCK_TO = 500;
/** Value added tax in percent. */
const TAX = { AT: 20, DE: 19, CH: 8.1 } as const;

/** A small shop: what takes an order, and what follows its stock. */
export default function shop(flows: FlowOrchestrator, lab: FlowLab): (item: FlowItem) => Promise<unknown> {
  const shelves = new Map<string, Product>();
  for (let i = 0; i < PRODUCTS; i++) {
    const sku = `P-${String(i).padStart(4, "0")}`;
    shelves.set(sku, { sku, name: `Product <${i}>`, cents: 199 + ((i * 7919) % 9800), grams: 50 + ((i * 131) % 4000), stock: RESTOCK_TO });
  }

  const stock = flows.register(ReactiveStream.of<StockChange>("stock"));
  const page = new Map<string, string>();
  stock.subscribe(({ sku, left }) => void page.set(sku, fragment(shelves.get(sku) as Product, left)), { name: "page", overflow: "latest" });
  const cache = new Map<string, number>();
  stock.subscribe(
    ({ sku, left }) => {
      // The most recently changed are kept.
      cache.delete(sku);
      cache.set(sku, left);
      if (cache.size > 100) cache.delete(cache.keys().next().value as string);
    },
    { name: "cache" },
  );

  const orders = flows.register(
    DataPipeline.of<Order>("orders", { onFailure: () => {} })
      .stage("validate", (order) => {
        if (!shelves.has(order.sku)) throw new Error("no such product");
        if (!Number.isInteger(order.quantity) || order.quantity < 1 || order.quantity > 20) throw new Error("no such quantity");
        return order;
      })
      .stage(
        "inventory",
        async (order) => {
          await lab.handle(order.item, 0);
          const product = shelves.get(order.sku) as Product;
          if (product.stock < RESTOCK_BELOW) product.stock = RESTOCK_TO;
          product.stock -= order.quantity;
          stock.emit({ sku: product.sku, left: product.stock });
          return { order, product };
        },
        { concurrency: 200 },
      )
      .stage("price", ({ order: { quantity, country }, product: { cents, grams } }) => {
        const rebate = quantity >= 10 ? 0.1 : quantity >= 5 ? 0.05 : 0;
        const goods = Math.round(cents * quantity * (1 - rebate));
        const postage = country === "CH" ? 1490 : grams * quantity > 5000 ? 990 : 490;
        return { net: goods + postage, tax: Math.round(((goods + postage) * TAX[country]) / 100) };
      })
      .discard(),
  );
  return (item) => orders.process(orderOf(item));
}

/** An order as a customer might have sent it: about one in a hundred is wrong. */
function orderOf(item: FlowItem): Order {
  const { index } = item;
  const wrong = index % 97 === 13;
  const sku = wrong && index % 2 === 0 ? "P-9999" : `P-${String((index * 7) % PRODUCTS).padStart(4, "0")}`;
  const quantity = wrong && index % 2 === 1 ? 0 : 1 + (index % 12);
  return { item, sku, quantity, country: (["AT", "DE", "CH"] as const)[index % 3] ?? "AT" };
}

function fragment({ name, cents }: Product, left: number): string {
  const shown = name.replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const supply = left > 50 ? "in stock" : left > 0 ? `only ${left} left` : "sold out";
  return `<article><h2>${shown}</h2><p>€ ${(cents / 100).toFixed(2)}, ${supply}</p></article>`;
}
