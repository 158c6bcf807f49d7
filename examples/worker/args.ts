/** The args of the checkout: an order, and the services that carry it out. */
export interface Args {
  order: Order;
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
