import { randomUUID } from 'node:crypto';
import {
  type ArgType,
  type ColumnType,
  ColumnTypeEnum as Column,
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQuery,
} from '@prisma/driver-adapter-utils';
import pg from 'pg';

/**
 * What the schema engine asks a PostgreSQL. Not @prisma/adapter-pg: that one cuts scripts at every
 * `;`, in strings and function bodies too, and cannot read the catalogue's type "char".
 */

/** The types of PostgreSQL's catalogues and of `_prisma_migrations`, by their object ids. */
const COLUMN_TYPES: Record<number, ColumnType> = {
  16: Column.Boolean,
  18: Column.Character,
  19: Column.Text,
  20: Column.Int64,
  21: Column.Int32,
  23: Column.Int32,
  25: Column.Text,
  26: Column.Int64,
  1003: Column.TextArray,
  1005: Column.Int32Array,
  1007: Column.Int32Array,
  1009: Column.TextArray,
  1015: Column.TextArray,
  1043: Column.Text,
  1184: Column.DateTime,
};
const TIMESTAMPTZ = 1184;
const NAMES = { provider: 'postgres', adapterName: 'rose-schema-engine' } as const;

/** Gives the engine a database, and for each question a throwaway one on the same server as its shadow. */
export function engineAdapter(url: string): SqlMigrationAwareDriverAdapterFactory {
  return { ...NAMES, connect: () => connect(url), connectToShadowDb: () => connectToShadow(url) };
}

async function connectToShadow(url: string): Promise<SqlDriverAdapter> {
  const admin = await connect(url);
  const name = `rose_shadow_${randomUUID()}`;
  await admin.executeScript(`CREATE DATABASE "${name}" TEMPLATE template0`);
  const shadowUrl = new URL(url);
  shadowUrl.pathname = `/${name}`;
  const shadow = await connect(shadowUrl.href);
  return {
    ...shadow,
    async dispose() {
      await shadow.dispose();
      await admin.executeScript(`DROP DATABASE "${name}" WITH (FORCE)`);
      await admin.dispose();
    },
  };
}

async function connect(url: string): Promise<SqlDriverAdapter> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  const query = (config: pg.QueryArrayConfig) => client.query(config).catch(raise);
  return {
    ...NAMES,
    getConnectionInfo: () => ({ schemaName: 'public', supportsRelationJoins: true }),
    async queryRaw({ sql, args, argTypes }: SqlQuery) {
      const { fields, rows } = await query({
        text: sql,
        values: mapArguments(args, argTypes),
        rowMode: 'array',
        types,
      });
      const columnTypes = fields.map(({ dataTypeID, name }) => {
        const type = COLUMN_TYPES[dataTypeID];
        if (type === undefined) throw new Error(`The column ${name} has the type ${dataTypeID}, which is not mapped.`);
        return type;
      });
      return { columnNames: fields.map((field) => field.name), columnTypes, rows };
    },
    async executeRaw({ sql, args, argTypes }: SqlQuery) {
      const { rowCount } = await query({ text: sql, values: mapArguments(args, argTypes), rowMode: 'array' });
      return rowCount ?? 0;
    },
    async executeScript(script: string) {
      // One simple query: one session, one implicit transaction, as the native engine does it.
      await client.query(script).catch(raise);
    },
    startTransaction: () => Promise.reject(new Error('The schema engine uses no transactions of its own.')),
    dispose: () => client.end(),
  };
}

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number) =>
    oid === TIMESTAMPTZ
      ? (text: string) => new Date(text).toISOString().replace('Z', '+00:00')
      : pg.types.getTypeParser(oid, 'text'),
};

function mapArguments(args: unknown[], argTypes: ArgType[]): unknown[] {
  return args.map((value, index) => (argTypes[index]?.scalarType === 'datetime' ? new Date(String(value)) : value));
}

function raise(error: unknown): never {
  if (!(error instanceof pg.DatabaseError)) throw error;
  throw new DriverAdapterError({
    kind: 'postgres',
    originalCode: error.code,
    originalMessage: error.message,
    code: error.code ?? '',
    severity: error.severity ?? '',
    message: error.message,
    detail: error.detail,
    column: error.column,
    hint: error.hint,
  });
}
