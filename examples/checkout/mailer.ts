export class MailBounced extends Error {
  override name = "MailBounced";
}

/**
 * Stands in for a mail service: records the mails that it sends, and cannot reach addresses at
 * bounce.example.
 */
export class Mailer {
  /** The mails by their keys. */
  readonly sent: Map<string, string> = new Map();

  /** Sends one mail per key, however often it is asked. */
  async send(address: string, text: string, key: string): Promise<void> {
    await Promise.resolve(); // as slow as a real one, almost
    if (address.endsWith("@bounce.example")) throw new MailBounced("no such mailbox");
    this.sent.set(key, `${address}: ${text}`);
  }
}
