import type { Project } from '@rose/contract';
import { codeOf, failureOf, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

let house: TestOrchestrator;
let ada: Person;
let grace: Person;
let project: Project;

beforeAll(async () => {
  house = await testOrchestrator({ config: { runtime: 'process' } });
  ada = await house.signUp('Ada');
  grace = await house.signUp('Grace');
  project = await ada.rose.projects.create.mutate({ name: 'engine' });
  await ada.rose.workspace(project.id).files.write.mutate({ path: 'notes', content: 'her notes' });
  await ada.rose.versions.save.mutate({ projectId: project.id });
});
afterAll(() => house?.[Symbol.asyncDispose]());

const id = () => ({ projectId: project.id });
const members = () => ada.rose.projects.members;
const share = (who: Person, role: 'editor' | 'viewer') => members().add.mutate({ ...id(), email: who.email, role });
const unshare = (who: Person) => members().remove.mutate({ ...id(), email: who.email });
const write = (who: Person, content: string) =>
  who.rose.workspace(project.id).files.write.mutate({ path: 'notes', content });
const read = async (who: Person) => (await who.rose.workspace(project.id).files.read.query({ path: 'notes' })).content;

describe('a project that is shared', () => {
  it('is another’s to look at as a viewer, and nothing more', async () => {
    expect(await codeOf(read(grace))).toBe('NOT_FOUND');
    expect(await share(grace, 'viewer')).toMatchObject([
      { email: ada.email, role: 'owner' },
      { email: grace.email, name: 'Grace', role: 'viewer' },
    ]);
    expect(await grace.rose.projects.list.query()).toMatchObject([
      { id: project.id, role: 'viewer', owner: ada.email },
    ]);
    expect(await grace.rose.projects.get.query(id())).toMatchObject({ role: 'viewer' });
    expect(await ada.rose.projects.list.query()).toMatchObject([{ role: 'owner' }]);
    expect(await read(grace)).toBe('her notes');
    expect(await grace.rose.versions.list.query(id())).toHaveLength(1);
    expect(await grace.rose.projects.members.list.query(id())).toHaveLength(2);
    for (const deed of [
      () => write(grace, 'graffiti'),
      () => grace.rose.versions.save.mutate(id()),
      () => grace.rose.versions.load.mutate({ ...id(), version: 1 }),
      () => grace.rose.versions.delete.mutate({ ...id(), version: 1 }),
      () => grace.rose.containers.stop.mutate(id()),
      () => grace.rose.projects.rename.mutate({ ...id(), name: 'mine' }),
      () => grace.rose.projects.delete.mutate(id()),
      () => grace.rose.settings.project.get.query(id()),
      () => grace.rose.store.space.query(id()),
      () => grace.rose.projects.members.add.mutate({ ...id(), email: grace.email, role: 'editor' }),
      () => grace.rose.projects.members.change.mutate({ ...id(), email: grace.email, role: 'editor' }),
    ])
      expect(await codeOf(deed())).toBe('FORBIDDEN');
    expect(await read(ada)).toBe('her notes');
  });

  it('is an editor’s to work in; what he saves is the owner’s', async () => {
    await members().change.mutate({ ...id(), email: grace.email, role: 'editor' });
    await write(grace, 'our notes');
    expect(await grace.rose.versions.save.mutate(id())).toMatchObject({ version: 2 });
    const [, version] = await ada.rose.versions.list.query(id());
    expect(version).toMatchObject({ version: 2, author: grace.email });
    const { prisma } = house.context.database;
    expect(await prisma.storedObject.count({ where: { ownerId: grace.id } })).toBe(0);
    expect(await codeOf(grace.rose.projects.members.remove.mutate({ ...id(), email: grace.email }))).toBe('FORBIDDEN');
    expect(await codeOf(grace.rose.projects.delete.mutate(id()))).toBe('FORBIDDEN');
  });

  it('is nobody’s any more once it is not shared, and then not there', async () => {
    expect(await unshare(grace)).toHaveLength(1);
    expect(await grace.rose.projects.list.query()).toEqual([]);
    const hers = await failureOf(grace.rose.projects.get.query(id()));
    const nobodys = await failureOf(grace.rose.projects.get.query({ projectId: 999_999 }));
    expect(hers.message.replace(String(project.id), 'N')).toBe(nobodys.message.replace('999999', 'N'));
    expect(await codeOf(read(grace))).toBe('NOT_FOUND');
    expect(await codeOf(unshare(grace))).toBe('NOT_FOUND');
  });

  it('can be left, but not by its owner', async () => {
    await share(grace, 'editor');
    await grace.rose.projects.members.leave.mutate(id());
    expect(await codeOf(grace.rose.projects.get.query(id()))).toBe('NOT_FOUND');
    expect(await codeOf(ada.rose.projects.members.leave.mutate(id()))).toBe('CONFLICT');
  });
});

describe('sharing', () => {
  it('with somebody who has no account is a clear error; with oneself it is needless', async () => {
    const unknown = await failureOf(members().add.mutate({ ...id(), email: 'nobody@example.org', role: 'viewer' }));
    expect(unknown.code).toBe('NOT_FOUND');
    expect(unknown.message).toContain('Nobody has an account with the e-mail nobody@example.org');
    expect(await codeOf(share(ada, 'viewer'))).toBe('CONFLICT');
  });

  it('is the owner’s alone: a stranger is told what he is told of a project that is not there', async () => {
    const eve = await house.signUp('Eve');
    const hers = eve.rose.projects.members.add.mutate({ ...id(), email: eve.email, role: 'editor' });
    expect(await codeOf(hers)).toBe('NOT_FOUND');
    expect(await codeOf(eve.rose.projects.members.list.query(id()))).toBe('NOT_FOUND');
  });

  it('again changes the role, and an address counts whatever its case', async () => {
    await share(grace, 'viewer');
    const email = ` ${grace.email.toUpperCase()} `;
    expect(await members().add.mutate({ ...id(), email, role: 'editor' })).toMatchObject([
      { role: 'owner' },
      { email: grace.email, role: 'editor' },
    ]);
    await unshare(grace);
  });

  it('does not let anybody try out who has an account here', async () => {
    const mallory = await house.signUp('Mallory');
    const lure = await mallory.rose.projects.create.mutate({ name: 'lure' });
    const guess = (email: string) =>
      codeOf(mallory.rose.projects.members.add.mutate({ projectId: lure.id, email, role: 'viewer' }));
    const codes = await Promise.all(Array.from({ length: 30 }, (_, at) => guess(`guess${at}@example.org`)));
    expect(codes.filter((code) => code === 'NOT_FOUND')).toHaveLength(20);
    expect(codes.filter((code) => code === 'TOO_MANY_REQUESTS')).toHaveLength(10);
    expect(await guess(ada.email)).toBe('TOO_MANY_REQUESTS');
    // Whoever shares with people who are here is not held up.
    await share(grace, 'viewer');
    await unshare(grace);
  });
});

describe('what a member has open', () => {
  it('ends when he is removed: terminals, streams and progress', async () => {
    await share(grace, 'editor');
    const workspace = grace.rose.workspace(project.id);
    const { id: terminalId } = await workspace.terminals.create.mutate({ cols: 80, rows: 24 });
    const seen = { text: '' };
    const terminal = workspace.terminal(terminalId, {
      onOutput: (bytes) => void (seen.text += Buffer.from(bytes).toString()),
    });
    await terminal.write('echo still-here\n');
    await vi.waitFor(() => expect(seen.text).toContain('still-here'), 20_000);
    const command = workspace.run(['sleep', '1000']).then(
      () => 'ended',
      () => 'cut off',
    );
    const progress = await grace.rose.versions.progress.query(id());
    const watched = (async () => {
      for await (const _ of progress);
    })().then(
      () => 'ended',
      () => 'cut off',
    );
    await vi.waitFor(async () => expect(await ada.rose.workspace(project.id).commands.list.query()).not.toEqual([]));
    await unshare(grace);
    expect((await failureOf(terminal.ended)).code).toBe('NOT_FOUND');
    expect(await command).toBe('cut off');
    expect(await watched).toBe('cut off');
    expect(await read(ada)).toBe('our notes');
  });

  it('ends when he becomes a viewer, who has no terminals', async () => {
    await share(grace, 'editor');
    const workspace = grace.rose.workspace(project.id);
    const { id: terminalId } = await workspace.terminals.create.mutate({ cols: 80, rows: 24 });
    let isOpen = false;
    const terminal = workspace.terminal(terminalId, { onOutput: () => void (isOpen = true) });
    await terminal.write('echo here\n');
    await vi.waitFor(() => expect(isOpen).toBe(true), 20_000);
    await share(grace, 'viewer');
    expect((await failureOf(terminal.ended)).code).toBe('FORBIDDEN');
    expect(await read(grace)).toBe('our notes');
  });
});
