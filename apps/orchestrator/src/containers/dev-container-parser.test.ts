import { expect, test } from 'vitest';
import { parseDevContainer } from './dev-container-parser.ts';

const PATH = '.devcontainer/devcontainer.json';
const parsed = (text: string) => parseDevContainer(PATH, text);

test('comments, trailing commas and the usual parts are understood', () => {
  const text = `{
    // The compiler that we all use.
    "name": "harbour", /* for people */
    "image": "registry.example.org:5000/team/gcc:13",
    "containerEnv": { "CC": "gcc", "MODE": "container" },
    "remoteEnv": { "MODE": "remote", "ROOT": "\${containerWorkspaceFolder}/src", "GONE": null },
    "postCreateCommand": "make setup",
    "forwardPorts": [3000, 5173],
  }`;
  expect(parsed(text)).toEqual({
    path: PATH,
    image: 'registry.example.org:5000/team/gcc:13',
    environment: { CC: 'gcc', MODE: 'remote', ROOT: '/home/dev/workspace/src' },
    postCreateCommand: [['sh', '-c', 'make setup']],
    forwardPorts: [3000, 5173],
    problems: [],
  });
});

test.for([
  ['"npm ci"', [['sh', '-c', 'npm ci']]],
  ['["npm", "ci"]', [['npm', 'ci']]],
  [
    '{ "server": "npm ci", "client": ["npm", "ci"] }',
    [
      ['sh', '-c', 'npm ci'],
      ['npm', 'ci'],
    ],
  ],
  ['""', []],
] as [string, string[][]][])('postCreateCommand %s runs %j', ([command, argvs]) => {
  expect(parsed(`{ "postCreateCommand": ${command} }`).postCreateCommand).toEqual(argvs);
});

test('what is not supported is reported by name, and the rest is taken', () => {
  const text = `{ "image": "debian", "features": {}, "build": {}, "forwardPorts": ["db:5432", 80],
    "remoteEnv": { "A": "\${localEnv:SECRET}", "B": "\${localEnv:SECRET:none}" }, "customizations": {} }`;
  const { problems, ...rest } = parsed(text);
  expect(rest).toMatchObject({ image: 'debian', forwardPorts: [80], environment: { A: '', B: 'none' } });
  expect(problems).toEqual([
    '"features" is not supported, and ignored.',
    '"build" is not supported, and ignored.',
    '${localEnv:SECRET} is not known here.',
    '${localEnv:SECRET:none} is not known here.',
    'The port "db:5432" of another host cannot be forwarded.',
  ]);
});

test.for([
  ['', 'It is no JSON: ValueExpected.'],
  ['{ "image": "debian" ', 'It is no JSON: CloseBraceExpected.'],
  ['[]', 'It holds no object.'],
  ['{ "image": 7 }', '"image" is not what it should be, and ignored.'],
  ['{ "image": "--privileged" }', '"image" is not what it should be, and ignored.'],
  ['{ "image": "a b" }', '"image" is not what it should be, and ignored.'],
  ['{ "containerEnv": { "A=B": "c" } }', '"containerEnv" is not what it should be, and ignored.'],
  ['{ "forwardPorts": [0] }', '"forwardPorts" is not what it should be, and ignored.'],
  ['['.repeat(100_000), /It is no JSON|It holds no object/],
] as [string, string | RegExp][])('%.40s is a problem, not a failure', ([text, problem]) => {
  expect(parsed(text).problems.join(' ')).toMatch(problem);
});

test('a file cannot report without end, nor reach the prototype', () => {
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key${i}`, 1]));
  expect(parsed(JSON.stringify(many)).problems).toHaveLength(50);
  expect(parsed('{ "__proto__": { "image": "debian" } }').image).toBeNull();
});

test('what the database cannot hold is a problem, and in no text', () => {
  const text = String.raw`{ "containerEnv": { "A": "x\u0000" }, "remoteEnv": { "B": "\ud800" }, "\u0000key": 1,
    "postCreateCommand": ["\u0000"], "${'k'.repeat(99)}\ud83d\ude00": 1, "forwardPorts": ["\udc00"] }`;
  const file = parsed(text);
  expect(file).toMatchObject({ environment: {}, postCreateCommand: [] });
  expect(file.problems).toHaveLength(6);
  expect(file.problems.filter((problem) => !problem.isWellFormed() || problem.includes('\0'))).toEqual([]);
});

test('a file asks for few commands at the same time', () => {
  const named = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, '']));
  expect(parsed(JSON.stringify({ postCreateCommand: named }))).toMatchObject({
    postCreateCommand: [],
    problems: ['"postCreateCommand" is not what it should be, and ignored.'],
  });
});

test.for(['${a:', '${a::', '${a:x:', '${a', '${localEnv:'])('%s without end is read in no time', (part) => {
  const A = part.repeat(32_000 / part.length);
  const began = performance.now();
  parsed(JSON.stringify({ containerEnv: { A } }));
  expect(performance.now() - began).toBeLessThan(500);
});
