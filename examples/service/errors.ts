// The possible failures and their HTTP statuses, by the error's code.
import { isRunsheetError } from "@runsheet/runsheet";

const statuses = {
  ARGS_VALIDATION: 400,
  CARD_DECLINED: 402,
  NO_SUCH_PRODUCT: 404,
  NO_SUCH_ORDER: 404,
  OUT_OF_STOCK: 409,
  ALREADY_EXISTS: 409,
  IMPORTING: 409, // somebody else
  NOT_CONFIRMED: 409,
  NOT_UNAPPROVED: 409,
  REJECTED: 409,
  ABORTED: 499, // the client is gone and does not see it, but the log does
  PAYMENTS_DOWN: 502,
  TIMEOUT: 504,
};

/** A failure reported to the client by its code. */
export class ShopError extends Error {
  override name = "ShopError";
  readonly code: keyof typeof statuses;

  constructor(code: keyof typeof statuses) {
    super(code);
    this.code = code;
  }
}

/** The code to report: that of the last attempt, if there were several. */
export function codeOf(error: Error): string {
  if (isRunsheetError(error, "RETRY_EXHAUSTED")) return codeOf(error.lastError);
  return isRunsheetError(error) || error instanceof ShopError ? error.code : "UNKNOWN";
}

export function statusOf(error: Error): number {
  const known: Record<string, number> = statuses;
  return known[codeOf(error)] ?? 500;
}
