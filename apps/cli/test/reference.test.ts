import type { Project } from '@rose/contract';
import { expect, test } from 'vitest';
import { chooseProject, parsePathReference, parseVersion, parseVersionReference } from '../src/reference.ts';

const project = (id: number, name: string, role: Project['role'], owner = 'ada@example.org'): Project => ({
  id,
  name,
  role,
  owner,
  description: '',
  forkedFrom: null,
  state: 'running',
  stateReason: null,
  runtime: 'process',
  activeVersion: null,
  createdAt: '2026-11-24T00:00:00.000Z',
  deletedAt: null,
});

test('a reference to a version is cut at the first @', () => {
  expect(parseVersionReference('shop')).toEqual({ project: 'shop', version: undefined });
  expect(parseVersionReference('shop@12')).toEqual({ project: 'shop', version: 12 });
  expect(() => parseVersionReference('shop@')).toThrow('A version is a number from 1, not ""');
  expect(() => parseVersionReference('shop@1@2')).toThrow('not "1@2"');
});

test('a reference to a path is cut at the first colon', () => {
  expect(parsePathReference('shop')).toEqual({ project: 'shop', path: '' });
  expect(parsePathReference('7:src/a:b')).toEqual({ project: '7', path: 'src/a:b' });
});

test.each(['0', '-1', '1.5', '1e3', '', ' 1', '2147483648', '99999999999999999999'])('%j is no version', (text) => {
  expect(() => parseVersion(text)).toThrow('A version is a number from 1');
});

test('a name means one’s own project before a shared one', () => {
  const projects = [project(1, 'shop', 'editor', 'grace@example.org'), project(2, 'shop', 'owner')];
  expect(chooseProject(projects, 'shop').id).toBe(2);
});

test('a shared project is meant by its name when no other has it', () => {
  const projects = [project(1, 'shop', 'viewer', 'grace@example.org'), project(2, 'mine', 'owner')];
  expect(chooseProject(projects, 'shop').id).toBe(1);
});

test('a name that several projects have names none; their ids are told', () => {
  const projects = [
    project(1, 'shop', 'viewer', 'grace@example.org'),
    project(2, 'shop', 'editor', 'alan@example.org'),
  ];
  expect(() => chooseProject(projects, 'shop')).toThrow('1 (grace@example.org), 2 (alan@example.org)');
});

test('a name that no project has is NOT_FOUND', () => {
  expect(() => chooseProject([project(1, 'shop', 'owner')], 'Shop')).toThrow(
    'There is no project "Shop", or it is not yours.',
  );
});
