/** An order of examples/service. */
export interface Kind {
  readonly card: string;
  readonly quantity: number;
  /** The decision about it, if it is so large that it needs one. */
  readonly approved?: boolean;
  /** Its end, whichever process is killed. */
  readonly ends: "confirmed" | "CARD_DECLINED" | "REJECTED";
}

export const kinds: readonly Kind[] = [
  { card: "tok_ok", quantity: 1, ends: "confirmed" },
  { card: "tok_declined", quantity: 1, ends: "CARD_DECLINED" },
  { card: "tok_flaky", quantity: 2, ends: "confirmed" },
  { card: "tok_ok", quantity: 20, approved: true, ends: "confirmed" },
  { card: "tok_ok", quantity: 20, approved: false, ends: "REJECTED" },
  { card: "tok_declined", quantity: 20, approved: true, ends: "CARD_DECLINED" },
];

/** The limits of the shop for them: no payment takes too long. */
export const limits = { PAYMENT_TIMEOUT: "600000", APPROVAL_FROM: "10000" } as const;
