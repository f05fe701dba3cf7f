import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from './lib/build.ts';

/** What each folder may not import, and the rules that a careless change would break: each must bite. */

const forbidden: [file: string, imported: string][] = [
  ['packages/contract/src/a.ts', '@rose/snapshot'],
  ['packages/contract/src/a.ts', '@rose/client'],
  ['packages/snapshot/src/a.ts', '@rose/client'],
  ['packages/snapshot/src/a.ts', 'archiver'],
  ['packages/client/src/a.ts', '@rose/orchestrator/config'],
  ['packages/client/src/a.ts', '@rose/dev-container/router'],
  ['packages/client/src/a.ts', '@rose/snapshot'],
  ['apps/web/src/a.ts', '@rose/orchestrator/router'],
  ['apps/web/src/a.ts', '@rose/snapshot'],
  ['apps/cli/src/a.ts', '@rose/orchestrator/config'],
  ['apps/cli/src/a.ts', '@rose/dev-container/router'],
  ['scripts/a.ts', '@rose/orchestrator/config'],
  ['scripts/a.ts', '@rose/snapshot'],
  ['apps/dev-container/src/a.ts', '@rose/client'],
  ['apps/dev-container/src/a.ts', '@rose/orchestrator/config'],
  ['apps/dev-container/src/a.ts', 'archiver'],
  ['apps/dev-container/src/a.ts', 'extract-zip'],
  ['apps/dev-container/src/a.ts', '@rose/snapshot/zip'],
  ['apps/dev-container/src/archive/a.ts', '@rose/client'],
  ['apps/orchestrator/src/a.ts', '@rose/dev-container/router'],
  ['apps/orchestrator/src/a.ts', '@rose/client'],
  ['apps/orchestrator/src/a.ts', 'dockerode'],
  ['apps/orchestrator/src/a.ts', 'lucia'],
  ['apps/orchestrator/src/a.ts', 'archiver'],
  ['apps/orchestrator/src/a.ts', '@rose/snapshot/zip'],
  ['apps/orchestrator/src/a.ts', '@prisma/client'],
  ['apps/orchestrator/src/a.ts', './drivers/database/generated/client.ts'],
  ['apps/orchestrator/src/drivers/runtime/docker/a.ts', '@prisma/client'],
  ['apps/orchestrator/src/drivers/runtime/docker/a.ts', 'lucia'],
  ['apps/orchestrator/src/drivers/database/a.ts', 'dockerode'],
  ['apps/orchestrator/src/drivers/sessions/a.ts', 'dockerode'],
  ['apps/orchestrator/src/versions/export/a.ts', 'archiver'],
  ['apps/orchestrator/src/accounts/a-router.ts', './a-repository.ts'],
  ['apps/orchestrator/src/accounts/a-router.ts', '../drivers/sessions/index.ts'],
  ['apps/orchestrator/src/accounts/a-service.ts', './a-router.ts'],
  ['apps/orchestrator/src/accounts/a-service.ts', '@trpc/server'],
  ['apps/orchestrator/src/accounts/a-service.ts', 'fastify'],
  ['apps/orchestrator/src/accounts/a-service.ts', '../drivers/database/generated/client.ts'],
  ['apps/orchestrator/src/accounts/a-repository.ts', './a-service.ts'],
  ['apps/orchestrator/src/accounts/a-repository.ts', 'dockerode'],
  ...[
    'packages/client',
    'packages/snapshot',
    'apps/cli',
    'apps/web',
    'apps/dev-container',
    'apps/orchestrator',
  ].flatMap((folder): [string, string][] => [
    [`${folder}/src/a.ts`, '@rose/testing'],
    [`${folder}/src/a.ts`, '../../../packages/contract/src/index.ts'],
  ]),
];

const allowed: [file: string, statement: string][] = [
  ['packages/client/src/a.ts', "import type { A } from '@rose/orchestrator/router';"],
  ['packages/client/src/a.ts', "import type { A } from '@rose/dev-container/router';"],
  ['apps/orchestrator/src/a.ts', "import type { A } from '@rose/dev-container/router';"],
  ['apps/orchestrator/src/drivers/runtime/docker/a.ts', "import '@rose/contract'; import 'dockerode';"],
  ['apps/orchestrator/src/drivers/sessions/a.ts', "import 'lucia';"],
  ['apps/orchestrator/src/drivers/database/a.ts', "import './generated/client.ts';"],
  ['apps/orchestrator/src/accounts/a-repository.ts', "import '../drivers/database/generated/client.ts';"],
  ['apps/orchestrator/src/versions/export/a.ts', "import '@rose/snapshot/zip';"],
  ['apps/dev-container/src/archive/a.ts', "import 'extract-zip'; import '@rose/snapshot/zip';"],
  ['apps/cli/src/a.ts', "import '@rose/client/node'; import '@rose/snapshot/disk';"],
  ['packages/snapshot/src/zip/a.ts', "import 'archiver';"],
  ['apps/orchestrator/src/a.test.ts', "import '@rose/testing';"],
  ['apps/orchestrator/src/config.ts', 'console.log(process.env);'],
  ['apps/dev-container/src/environment.ts', 'console.log(process.env);'],
];

const careless: [rule: string, code: string][] = [
  ['no-restricted-properties', 'console.log(process.env);'],
  ['no-restricted-properties', 'const { env } = process; console.log(env);'],
  ['no-floating-promises', 'async function save(): Promise<void> {} save();'],
  ['no-misused-promises', 'async function open(): Promise<boolean> { return true; } if (open()) console.log(1);'],
  [
    'return-await',
    'async function a(b: Promise<void>): Promise<void> { try { return b; } catch { console.log(1); } } void a;',
  ],
  ['no-explicit-any', 'export const a: any = 1;'],
  ['no-unsafe-member-access', "console.log(JSON.parse('{}').a);"],
  ['switch-exhaustiveness-check', "export function a(b: 'c' | 'd'): void { switch (b) { case 'c': console.log(b); } }"],
  ['no-unused-vars', 'const a = 1;'],
  ['only-throw-error', "throw 'no';"],
  ['eqeqeq', 'export const a = (b: string, c: string): boolean => b == c;'],
  ['prefer-node-protocol', "import 'fs';"],
];

const house = mkdtempSync(path.join(tmpdir(), 'rose-lint-'));
afterAll(() => rmSync(house, { recursive: true, force: true }));

/** Statements by the file that holds each alone, in a folder laid out as the repository. */
const cases = new Map<string, string>();
function place(file: string, code: string): string {
  const name = file.replace(/\ba(?=[-.])/, `a${cases.size}`);
  cases.set(name, `${code}\nexport {};\n`);
  return name;
}

const refusals = forbidden.map(([file, imported]) => ({ file, imported, at: place(file, `import '${imported}';`) }));
const dynamic = place('apps/orchestrator/src/a.ts', "await import('dockerode');");
const permissions = allowed.map(([file, statement]) => ({ file, statement, at: place(file, statement) }));
const slips = careless.map(([rule, code]) => ({ rule, code, at: place('apps/orchestrator/src/a.ts', code) }));

/** The rules that refused each file. */
const refused = new Map<string, string[]>();

beforeAll(() => {
  mkdirSync(path.join(house, 'node_modules'));
  symlinkSync(path.join(ROOT, 'node_modules/@types'), path.join(house, 'node_modules/@types'));
  copyFileSync(path.join(ROOT, '.oxlintrc.json'), path.join(house, '.oxlintrc.json'));
  copyFileSync(path.join(ROOT, 'tsconfig.base.json'), path.join(house, 'tsconfig.json'));
  for (const [name, code] of cases) {
    const file = path.join(house, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, code);
  }
  const oxlint = path.join(ROOT, 'node_modules/.bin/oxlint');
  const { stdout } = spawnSync(oxlint, ['--format=json', '--ignore-pattern=node_modules', '.'], {
    cwd: house,
    encoding: 'utf8',
  });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { filename: string; code: string }[] };
  for (const { filename, code } of diagnostics) {
    const rule = code.replace(/.*\((.*)\)/, '$1');
    refused.set(filename, [...(refused.get(filename) ?? []), rule]);
  }
});

describe('imports', () => {
  test.each(refusals)('$file may not import $imported', ({ at }) => {
    expect(refused.get(at)).toContain('no-restricted-imports');
  });
  test('an import at run time is an import too', () => {
    expect(refused.get(dynamic)).toContain('no-restricted-imports');
  });
  test.each(permissions)('$file may say: $statement', ({ at }) => {
    expect(refused.get(at) ?? []).not.toContainEqual(expect.stringContaining('restricted'));
  });
});

test.each(slips)('$rule refuses: $code', ({ rule, at }) => {
  expect(refused.get(at)).toContain(rule);
});
