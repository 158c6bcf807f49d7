export class MailBounced extends Error {
  override name = "MailBounced";
}

/**
 * Stands in for a mail service: records the mails it sends, and cannot reach addresses at
 * bounce.example.
 */
export class Mailer {
  readonly sent: string[] = [];

  async send(address: string, text: string): Promise<void> {
    await Promise.resolve(); // as slow as a real one, almost
    if (address.endsWith("@bounce.example")) throw new MailBounced("no such mailbox");
    this.sent.push(`${address}: ${text}`);
  }
}
