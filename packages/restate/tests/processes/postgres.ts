// tests/support/postgres.ts starts it where the package is installed.
import "../../../../tests/processes/postgres.ts";
