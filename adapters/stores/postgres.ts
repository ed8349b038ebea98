import { must } from "../../core/errors.js";
import type { StoreOptions } from "../../core/store/create-store.js";
import type { StorePort } from "../../core/store/port.js";
import type { Store } from "../../core/store/store.js";
import { createStore } from "./create-store.js";

export * from "./exports.js";

/** A `Pool` or a `Client` of `pg`, or anything with its `query`. */
export interface PostgresClient {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** Options of {@link postgresStore}. */
export interface PostgresStoreOptions extends StoreOptions {
  /** What the names of both tables begin with, with a schema if they are in one: `"auth.latchkey"`. @default "latchkey" */
  table?: string;
}

/**
 * The statements that make the tables of {@link postgresStore}. `npx latchkey schema postgres` prints them.
 *
 * @example
 * ```ts
 * import { type PostgresClient, postgresSchema } from "latchkey/postgres";
 *
 * export const migrate = (client: PostgresClient) => client.query(postgresSchema(), []);
 * ```
 * @param table what the names of both tables begin with
 */
export const postgresSchema = (table = "latchkey"): string => `CREATE TABLE IF NOT EXISTS ${table}_values (
  key text PRIMARY KEY,
  value text NOT NULL,
  until timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS ${indexName(table, "values")} ON ${table}_values (until);
CREATE TABLE IF NOT EXISTS ${table}_members (
  name text NOT NULL,
  member text NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (name, member)
);
CREATE INDEX IF NOT EXISTS ${indexName(table, "members")} ON ${table}_members (until);`;

/** An index is in the schema of its table, and its name has none. */
const indexName = (table: string, of: string): string => `${table.replace(/^.*\./, "")}_${of}_until`;

/**
 * A store in Postgres (12 or later). `npx latchkey schema postgres` prints the statements that make its tables. Rows whose time is over
 * are deleted on the way, a thousand at each hundredth write.
 *
 * @example
 * ```ts
 * import { postgresStore } from "latchkey/postgres";
 * import { Pool } from "pg";
 *
 * export const store = postgresStore(new Pool({ connectionTimeoutMillis: 1000, query_timeout: 1000 }));
 * ```
 * @param client a `Pool` of `pg`, or anything with its `query`
 * @param options the names of the tables, and how latchkey uses the store
 * @throws MisuseError (`invalid_config`) when it is no such client, or the name of the table is none
 */
export function postgresStore(
  client: PostgresClient,
  { table = "latchkey", ...options }: PostgresStoreOptions = {},
): Store {
  must(typeof client?.query === "function", "postgresStore takes a Pool of pg, or anything with its query function");
  must(
    /^([a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*$/.test(table),
    'table must be a name such as "latchkey" or "auth.latchkey"',
  );
  return createStore(new PostgresPort(client, table), options);
}

/** Writes between two looks for rows whose time is over, and the rows that one look deletes at most. */
const SWEEP_EVERY = 100;
const SWEPT = 1_000;

/** `clock_timestamp()` and not `now()`: a statement that waited for another one looks at the time after the wait. */
const NOW = "clock_timestamp()";
const later = (parameter: string) => `${NOW} + ${parameter}::float8 * interval '1 millisecond'`;

class PostgresPort implements StorePort {
  readonly #client: PostgresClient;
  readonly #values: string;
  readonly #members: string;
  #written = 0;

  constructor(client: PostgresClient, table: string) {
    this.#client = client;
    this.#values = `${table}_values`;
    this.#members = `${table}_members`;
  }

  async get(key: string): Promise<string | undefined> {
    const [text] = await this.#query(
      `SELECT value AS text FROM ${this.#values} WHERE key = $1 AND until > ${NOW}`,
      key,
    );
    return text;
  }

  async add(key: string, value: string, forMs: number): Promise<string> {
    await this.#sweep();
    // The row of a value whose time is over is taken again. `DO UPDATE` in any case: it waits for the writer that came first, and
    // returns the row as that one left it.
    const [then] = await this.#query(
      `INSERT INTO ${this.#values} AS kept (key, value, until) VALUES ($1, $2, ${later("$3")})
      ON CONFLICT (key) DO UPDATE SET
        value = CASE WHEN kept.until > ${NOW} THEN kept.value ELSE excluded.value END,
        until = CASE WHEN kept.until > ${NOW} THEN kept.until ELSE excluded.until END
      RETURNING value AS text`,
      key,
      value,
      forMs,
    );
    return then as string;
  }

  async replace(key: string, expected: string, value: string, forMs: number): Promise<string | undefined> {
    await this.#sweep();
    const [then] = await this.#query(
      `UPDATE ${this.#values} SET value = $3, until = ${later("$4")}
      WHERE key = $1 AND value = $2 AND until > ${NOW} RETURNING value AS text`,
      key,
      expected,
      value,
      forMs,
    );
    // A statement of its own: one statement sees the table as it was at its beginning.
    return then ?? this.get(key);
  }

  async extend(key: string, forMs: number): Promise<void> {
    await this.#query(
      `UPDATE ${this.#values} SET until = ${later("$2")} WHERE key = $1 AND until > ${NOW}`,
      key,
      forMs,
    );
  }

  async delete(key: string): Promise<void> {
    await this.#query(`DELETE FROM ${this.#values} WHERE key = $1`, key);
  }

  async addMember(set: string, member: string, forMs: number): Promise<void> {
    await this.#sweep();
    await this.#query(
      `INSERT INTO ${this.#members} (name, member, until) VALUES ($1, $2, ${later("$3")})
      ON CONFLICT (name, member) DO UPDATE SET until = excluded.until`,
      set,
      member,
      forMs,
    );
  }

  async removeMember(set: string, member: string): Promise<void> {
    await this.#query(`DELETE FROM ${this.#members} WHERE name = $1 AND member = $2`, set, member);
  }

  members(set: string): Promise<string[]> {
    return this.#query(`SELECT member AS text FROM ${this.#members} WHERE name = $1 AND until > ${NOW}`, set);
  }

  /** The column `text` of each row. */
  async #query(statement: string, ...parameters: unknown[]): Promise<string[]> {
    const { rows } = await this.#client.query(statement, parameters);
    return rows.map((row) => (row as { readonly text: string }).text);
  }

  /** Deletes rows whose time is over. Which machine does it, and when, makes no difference. */
  async #sweep(): Promise<void> {
    if (++this.#written % SWEEP_EVERY !== 0) return;
    for (const table of [this.#values, this.#members]) {
      const over = `SELECT ctid FROM ${table} WHERE until <= ${NOW} LIMIT $1 FOR UPDATE SKIP LOCKED`;
      await this.#query(`DELETE FROM ${table} WHERE ctid IN (${over})`, SWEPT);
    }
  }
}
