/** The args of the checkout. */
export interface Args {
  order: Order;
}

/** The services that carry out an order. */
export interface Deps {
  services: Services;
}

/** An order; its amount is in cents. */
export interface Order {
  sku: string;
  quantity: number;
  amount: number;
  card: string;
  email: string;
}

/** The bindings of this Worker. */
export interface Services {
  STOCK: Service;
  PAYMENTS: Service;
  MAIL: Service;
}

/** Another Worker, reached by a service binding. */
export interface Service {
  fetch(url: string, init?: RequestInit): Promise<Response>;
}
