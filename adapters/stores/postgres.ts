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

/** The name of an index has no schema: an index is in the schema of its table. */
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

/** Writes between two sweeps, which delete rows whose time is over; and the rows of each table that a sweep deletes at most. */
const SWEEP_EVERY = 100;
const SWEEP_ROWS = 1_000;

/** Not `now()`, the time at which the transaction began: a statement may have waited for another one since. */
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
    // A row whose time is over is used again. `DO UPDATE` also without a change, because `DO NOTHING` would return no row: it waits for the
    // writer that came first, and returns the row as that writer left it.
    const [current] = await this.#query(
      `INSERT INTO ${this.#values} AS old (key, value, until) VALUES ($1, $2, ${later("$3")})
      ON CONFLICT (key) DO UPDATE SET
        value = CASE WHEN old.until > ${NOW} THEN old.value ELSE excluded.value END,
        until = CASE WHEN old.until > ${NOW} THEN old.until ELSE excluded.until END
      RETURNING value AS text`,
      key,
      value,
      forMs,
    );
    return current as string;
  }

  async replace(key: string, expected: string, value: string, forMs: number): Promise<string | undefined> {
    await this.#sweep();
    const [current] = await this.#query(
      `UPDATE ${this.#values} SET value = $3, until = ${later("$4")}
      WHERE key = $1 AND value = $2 AND until > ${NOW} RETURNING value AS text`,
      key,
      expected,
      value,
      forMs,
    );
    // In a second statement: the first one sees the table as it was when it began.
    return current ?? this.get(key);
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

  /** Deletes rows whose time is over, at each hundredth write of a machine. */
  async #sweep(): Promise<void> {
    if (++this.#written % SWEEP_EVERY !== 0) return;
    for (const table of [this.#values, this.#members]) {
      const over = `SELECT ctid FROM ${table} WHERE until <= ${NOW} LIMIT $1 FOR UPDATE SKIP LOCKED`;
      await this.#query(`DELETE FROM ${table} WHERE ctid IN (${over})`, SWEEP_ROWS);
    }
  }
}
